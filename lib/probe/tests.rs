use std::net::IpAddr;

use super::*;
use crate::ha_cf::PingTarget;
use crate::icmp::{Heard, Refusal};

const KEY: [u8; 16] = [7; 16];

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn at(n: u64) -> Time {
    Time::from_micros(1_000_000_000 + n * 1_000)
}

fn settings() -> Settings {
    Settings {
        interval: ms(1000),
        timeout: ms(500),
        count: Some(1),
        deadline: None,
        gap: Duration::ZERO,
        stream: false,
        quiet: false,
        rules: Rules::NONE,
        tally: Kept::Nothing,
        notes: false,
        retries: 0,
        backoff: 150,
        need: 1,
        key: KEY,
    }
}

fn stream() -> Settings {
    Settings { stream: true, count: None, ..settings() }
}

fn address(index: usize) -> IpAddr {
    IpAddr::from(std::net::Ipv4Addr::from_bits(0xc000_0201 + index as u32))
}

fn prober(settings: Settings, targets: usize) -> Prober {
    let target = |index| Target { name: address(index).to_string(), address: address(index), group: None };
    Prober::new(settings, (0..targets).map(target).collect(), at(0))
}

/// Sends all that is due.
fn send(prober: &mut Prober, now: Time) -> Vec<Probe> {
    let mut sent = Vec::new();
    while let Some(probe) = prober.next_probe(now) {
        prober.sent(probe, now);
        sent.push(probe);
    }
    sent
}

fn answer(prober: &mut Prober, probe: Probe, now: Time) -> Option<Report> {
    let echo = prober.echo(probe, 1);
    prober.hear(address(probe.target), &Heard::Answer(echo), now)
}

fn lines(prober: &Prober, reports: impl IntoIterator<Item = Report>) -> Vec<String> {
    reports.into_iter().map(|report| report.record(&prober.targets()[report.target]).finish()).collect()
}

#[test]
fn a_target_that_answers_is_up_and_one_that_does_not_is_down() {
    let mut prober = prober(settings(), 2);
    let probes = send(&mut prober, at(0));
    assert_eq!(probes.len(), 2);
    let up = answer(&mut prober, probes[1], at(20));
    assert_eq!(lines(&prober, up), ["ping 1000.020000 192.0.2.2 up rtt=20.000 loss=0/1"]);
    assert_eq!(prober.wake(), Some(at(500)));
    assert!(prober.expire(at(499)).is_empty());
    let down = prober.expire(at(600));
    assert_eq!(lines(&prober, down), ["ping 1000.500000 192.0.2.1 down loss=1/1 reason=timeout"]);
    assert!(prober.is_done());
    assert_eq!(prober.sum(), Sum::SomeDown);
}

#[test]
fn an_answer_that_arrived_in_time_counts_though_it_is_read_late() {
    let mut prober = prober(settings(), 1);
    let probe = send(&mut prober, at(0))[0];
    // The process stood still until 9000; the kernel stamped the answer at 30.
    assert_eq!(answer(&mut prober, probe, at(30)).map(|report| report.state), Some(State::Up));
    assert!(prober.expire(at(9000)).is_empty());
}

#[test]
fn what_could_not_be_sent_is_unknown_and_never_down() {
    let mut prober = prober(settings(), 1);
    let probe = prober.next_probe(at(0)).unwrap();
    let report = prober.unsent(probe, "network-unreachable".into(), at(0));
    assert_eq!(lines(&prober, report), ["ping 1000.000000 192.0.2.1 unknown loss=0/0 reason=network-unreachable"]);
    assert_eq!((prober.is_done(), prober.sum()), (true, Sum::Unknown));
}

#[test]
fn a_silence_during_which_packets_were_lost_here_is_unknown() {
    let mut prober = prober(settings(), 1);
    send(&mut prober, at(0));
    prober.dropped(at(100));
    let report = prober.expire(at(500));
    assert_eq!(report[0].state, State::Unknown);
    assert_eq!(report[0].reason.as_deref(), Some("receive-overflow"));
}

#[test]
fn only_an_echo_with_our_check_from_the_target_itself_is_an_answer() {
    let mut prober = prober(settings(), 2);
    let probe = send(&mut prober, at(0))[0];
    let echo = prober.echo(probe, 1);
    let strange = [
        (address(1), echo),
        (address(0), Echo { check: echo.check ^ 1, ..echo }),
        (address(0), Echo { number: 1, ..echo }),
        (address(0), Echo { number: u64::MAX, ..echo }),
        (address(0), Echo { target: 1, ..echo }),
        (address(0), Echo { target: 2, ..echo }),
        (address(0), Echo { target: u32::MAX, ..echo }),
    ];
    for (from, echo) in strange {
        assert_eq!(prober.hear(from, &Heard::Answer(echo), at(1)), None, "{from} {echo:?}");
    }
    assert_eq!(prober.sum(), Sum::Unknown);
    assert!(answer(&mut prober, probe, at(2)).is_some());
}

fn refusal(echo: Option<Echo>, number: u64) -> Heard {
    let sequence = (number & 0xffff) as u16;
    Heard::Refusal(Refusal { to: address(0), ident: 1, sequence, echo, reason: "host-unreachable", kind: 3, code: 1 })
}

#[test]
fn an_error_that_quotes_our_check_ends_the_wait() {
    let mut prober = prober(settings(), 1);
    let probe = send(&mut prober, at(0))[0];
    let error = refusal(Some(prober.echo(probe, 1)), 0);
    let report = prober.hear("192.0.2.254".parse().unwrap(), &error, at(5));
    assert_eq!(
        lines(&prober, report),
        ["ping 1000.005000 192.0.2.1 down loss=1/1 reason=host-unreachable by=192.0.2.254"]
    );
}

#[test]
fn an_error_without_our_check_only_explains_the_silence() {
    let mut prober = prober(settings(), 2);
    let probes = send(&mut prober, at(0));
    assert_eq!(prober.hear(address(0), &refusal(None, 0), at(5)), None);
    assert_eq!(prober.expire(at(499)), []);
    assert!(answer(&mut prober, probes[1], at(6)).is_some());
    let report = prober.expire(at(500));
    assert_eq!(
        lines(&prober, report),
        ["ping 1000.500000 192.0.2.1 down loss=1/1 reason=host-unreachable by=192.0.2.1"]
    );
}

#[test]
fn a_stream_says_every_target_at_every_interval() {
    let mut prober = prober(stream(), 1);
    let mut said = Vec::new();
    for round in 0..12 {
        let now = at(round * 1000);
        let probe = send(&mut prober, now)[0];
        let report = (round != 3).then(|| answer(&mut prober, probe, now + ms(1))).flatten();
        said.extend(lines(&prober, report));
        let lost = prober.expire(now + ms(999));
        said.extend(lines(&prober, lost));
    }
    assert_eq!(said.len(), 12);
    assert_eq!(said[2], "ping 1002.001000 192.0.2.1 up rtt=1.000 loss=0/3");
    assert_eq!(said[3], "ping 1003.500000 192.0.2.1 down loss=1/4 reason=timeout");
    assert_eq!(said[11], "ping 1011.001000 192.0.2.1 up rtt=1.000 loss=1/10");
}

#[test]
fn a_quiet_stream_says_changes_and_repeats_itself() {
    let mut prober = prober(Settings { quiet: true, ..stream() }, 1);
    let mut said = Vec::new();
    for round in 0..13 {
        let probe = send(&mut prober, at(round * 1000))[0];
        if (2..4).contains(&round) {
            said.extend(prober.expire(at(round * 1000 + 500)).iter().map(|_| (round, State::Down)));
        } else {
            said.extend(answer(&mut prober, probe, at(round * 1000)).map(|report| (round, report.state)));
        }
    }
    assert_eq!(said, [(0, State::Up), (2, State::Down), (4, State::Up), (9, State::Up)]);
}

#[test]
fn duplicates_and_late_answers_are_counted_and_change_nothing() {
    let mut prober = prober(stream(), 1);
    let first = send(&mut prober, at(0))[0];
    assert!(answer(&mut prober, first, at(1)).is_some());
    assert_eq!(answer(&mut prober, first, at(2)), None);
    let second = send(&mut prober, at(1000))[0];
    let report = prober.expire(at(1500));
    assert_eq!((report[0].dup, report[0].late, report[0].state), (1, 0, State::Down));
    assert_eq!(answer(&mut prober, second, at(1501)), None);
    let third = send(&mut prober, at(2000))[0];
    let report = answer(&mut prober, third, at(2001)).unwrap();
    assert_eq!((report.dup, report.late, report.state), (0, 1, State::Up));
}

#[test]
fn sixty_five_thousand_probes_and_more_are_told_apart() {
    let mut prober = prober(Settings { interval: ms(1), timeout: ms(10), ..stream() }, 1);
    for round in 0..70_000 {
        let probe = send(&mut prober, at(round))[0];
        assert_eq!(probe.number, round);
        assert!(answer(&mut prober, probe, at(round)).is_some(), "probe {round}");
    }
}

#[test]
fn probes_are_spread_by_the_gap_and_every_target_has_its_turn() {
    let mut prober = prober(Settings { gap: Duration::from_micros(50), ..settings() }, 1000);
    let mut seen = [0; 1000];
    for micros in (0..60_000).step_by(50) {
        let sent = send(&mut prober, at(0) + Duration::from_micros(micros));
        assert!(sent.len() <= 21, "{} at once", sent.len());
        for probe in sent {
            seen[probe.target] += 1;
        }
    }
    assert_eq!(seen, [1; 1000]);
}

#[test]
fn rounds_that_a_pause_has_missed_are_not_made_up_for() {
    let mut prober = prober(stream(), 2);
    send(&mut prober, at(0));
    let _ = prober.expire(at(100_000));
    assert_eq!(send(&mut prober, at(100_000)).len(), 4);
    assert_eq!(send(&mut prober, at(100_500)).len(), 0);
    assert_eq!(send(&mut prober, at(101_000)).len(), 2);
}

#[test]
fn a_probe_without_room_is_sent_again_a_little_later_and_given_up_at_its_timeout() {
    let mut prober = prober(settings(), 1);
    let probe = prober.next_probe(at(0)).unwrap();
    assert_eq!(prober.crowded_out(probe, "send-overflow".into(), at(0)), None);
    assert_eq!(prober.next_probe(at(0)), None);
    assert!(!prober.is_done());
    assert_eq!(prober.wake(), Some(at(1)));
    assert_eq!(prober.next_probe(at(1)), Some(probe));
    let report = prober.crowded_out(probe, "send-overflow".into(), at(500));
    assert_eq!(report.map(|report| report.state), Some(State::Unknown));
    assert!(prober.is_done());
}

#[test]
fn one_answer_of_several_is_up_with_the_loss_and_the_mean_time() {
    let mut prober = prober(Settings { count: Some(3), ..settings() }, 1);
    for (round, delay) in [(0, Some(10)), (1, None), (2, Some(20))] {
        let now = at(round * 1000);
        let probe = send(&mut prober, now)[0];
        if let Some(report) = delay.and_then(|delay| answer(&mut prober, probe, now + ms(delay))) {
            assert_eq!(lines(&prober, [report]), ["ping 1002.020000 192.0.2.1 up rtt=15.000 loss=1/3"]);
        }
        assert!(prober.expire(now + ms(600)).is_empty());
    }
    assert_eq!((prober.is_done(), prober.sum()), (true, Sum::AllUp));
}

#[test]
fn at_the_deadline_who_was_asked_is_down_and_who_was_not_is_unknown() {
    let settings = Settings { deadline: Some(ms(100)), gap: ms(200), ..settings() };
    let mut prober = prober(settings, 2);
    assert_eq!(send(&mut prober, at(0)).len(), 1);
    assert_eq!(prober.wake(), Some(at(100)));
    assert!(!prober.is_over(at(99)) && prober.is_over(at(100)));
    let reports = prober.stop("deadline", at(100));
    let states: Vec<State> = reports.iter().map(|report| report.state).collect();
    assert_eq!(states, [State::Down, State::Unknown]);
    assert!(prober.is_done());
}

#[test]
fn who_was_still_asked_when_a_signal_came_is_unknown() {
    let mut prober = prober(settings(), 1);
    send(&mut prober, at(0));
    let reports = prober.stop("interrupted", at(100));
    assert_eq!(lines(&prober, reports), ["ping 1000.100000 192.0.2.1 unknown loss=1/1 reason=interrupted"]);
}

#[test]
fn a_group_is_up_with_its_first_answer_and_down_when_all_are_silent() {
    let node = PingTarget { name: "routers".to_owned(), addresses: vec![address(0), address(1)] };
    let single = PingTarget { name: address(2).to_string(), addresses: vec![address(2)] };
    let targets: Vec<Target> = [Target::of(&node), Target::of(&single)].concat();
    let groups: Vec<Option<&str>> = targets.iter().map(|target| target.group.as_deref()).collect();
    assert_eq!(groups, [Some("routers"), Some("routers"), None]);
    for (answering, sum) in [(vec![1, 2], Sum::AllUp), (vec![2], Sum::SomeDown), (vec![0], Sum::SomeDown)] {
        let mut prober = Prober::new(settings(), targets.clone(), at(0));
        for probe in send(&mut prober, at(0)) {
            if answering.contains(&probe.target) {
                let report = answer(&mut prober, probe, at(1));
                assert_eq!(lines(&prober, report).len(), 1);
            }
        }
        let _ = prober.expire(at(500));
        assert_eq!(prober.sum(), sum, "{answering:?}");
    }
}

#[test]
fn a_name_that_is_no_address_has_the_address_beside_it() {
    let target = Target { name: "gw \"x\"".to_owned(), address: address(0), group: Some("g".to_owned()) };
    let mut prober = Prober::new(settings(), vec![target], at(0));
    let probe = send(&mut prober, at(0))[0];
    let report = answer(&mut prober, probe, at(1)).unwrap();
    let line = report.record(&prober.targets()[0]).finish();
    assert_eq!(line, "ping 1000.001000 gw%20\"x\" up rtt=1.000 loss=0/1 addr=192.0.2.1 group=g");
}

fn tries() -> Settings {
    Settings { retries: 2, backoff: 200, ..settings() }
}

#[test]
fn a_silent_target_is_asked_again_at_each_timeout_and_these_grow() {
    let mut prober = prober(tries(), 1);
    for (asked, lost) in [(0, 500), (500, 1500)] {
        assert_eq!(send(&mut prober, at(asked)).len(), 1);
        assert_eq!(prober.wake(), Some(at(lost)));
        assert!(prober.expire(at(lost - 1)).is_empty() && send(&mut prober, at(lost - 1)).is_empty());
        assert_eq!(prober.expire(at(lost)), []);
        assert!(!prober.is_done());
    }
    assert_eq!(send(&mut prober, at(1500)).len(), 1);
    let report = prober.expire(at(3500));
    assert_eq!(lines(&prober, report), ["ping 1003.500000 192.0.2.1 down loss=3/3 reason=timeout"]);
    assert!(prober.is_done());
    assert_eq!(prober.wake(), None);
}

#[test]
fn any_try_may_be_answered_until_the_last_is_lost_and_none_follows() {
    for answered in [0, 1] {
        let mut prober = prober(tries(), 1);
        let mut probes = send(&mut prober, at(0));
        let _ = prober.expire(at(500));
        probes.extend(send(&mut prober, at(500)));
        let report = answer(&mut prober, probes[answered], at(600));
        let rtt = ["600.000", "100.000"][answered];
        assert_eq!(lines(&prober, report), [format!("ping 1000.600000 192.0.2.1 up rtt={rtt} loss=1/2")]);
        assert!(prober.is_done() && prober.sum() == Sum::AllUp);
        assert_eq!((prober.next_probe(at(9000)), prober.expire(at(9000))), (None, Vec::new()));
    }
}

#[test]
fn an_answer_before_the_next_try_has_left_ends_it() {
    let mut prober = prober(tries(), 2);
    let first = send(&mut prober, at(0))[0];
    let _ = prober.expire(at(500));
    assert!(answer(&mut prober, first, at(501)).is_some());
    let again = send(&mut prober, at(502));
    assert_eq!(again.iter().map(|probe| probe.target).collect::<Vec<_>>(), [1]);
}

#[test]
fn an_error_explains_a_try_and_ends_the_last() {
    let mut prober = prober(tries(), 1);
    for now in [0, 500] {
        let probe = send(&mut prober, at(now))[0];
        let echo = prober.echo(probe, 1);
        assert_eq!(prober.hear(address(9), &refusal(Some(echo), probe.number), at(now + 1)), None);
        let _ = prober.expire(at(now + 1000));
    }
    let probe = send(&mut prober, at(1500))[0];
    let echo = prober.echo(probe, 1);
    let report = prober.hear(address(9), &refusal(Some(echo), probe.number), at(1501));
    assert_eq!(
        lines(&prober, report),
        ["ping 1001.501000 192.0.2.1 down loss=3/3 reason=host-unreachable by=192.0.2.10"]
    );
}

#[test]
fn packets_that_were_lost_here_during_any_try_leave_it_unknown() {
    let mut prober = prober(tries(), 1);
    for now in [0, 500, 1500] {
        assert_eq!(send(&mut prober, at(now)).len(), 1);
        if now == 0 {
            prober.dropped(at(100));
        }
        let reports = prober.expire(at(if now == 1500 { 3500 } else { 1500.min(now * 2 + 500) }));
        assert!(reports.iter().all(|report| report.state == State::Unknown));
    }
    assert_eq!((prober.is_done(), prober.sum()), (true, Sum::Unknown));
}

#[test]
fn who_saw_one_request_cannot_answer_another() {
    let mut prober = prober(stream(), 2);
    let probes = send(&mut prober, at(0));
    let seen = prober.echo(probes[0], 1);
    for probe in send(&mut prober, at(1000)) {
        let forged = Echo { check: seen.check, ..prober.echo(probe, 1) };
        assert_eq!(prober.hear(address(probe.target), &Heard::Answer(forged), at(1001)), None);
    }
    let other = Checks::new([8; 16]).of(0, 0);
    assert_ne!(other, seen.check);
}

#[test]
fn a_group_is_down_only_when_too_many_of_it_are_known_to_be_silent() {
    let member = |index| Target { name: String::new(), address: address(index), group: Some("g".to_owned()) };
    let (targets, up, down, unknown) = ([0, 1, 2].map(member), State::Up, State::Down, State::Unknown);
    for (states, sums) in [
        ([up, up, up], [Sum::AllUp, Sum::AllUp, Sum::AllUp]),
        ([up, down, up], [Sum::AllUp, Sum::AllUp, Sum::SomeDown]),
        ([up, down, unknown], [Sum::AllUp, Sum::Unknown, Sum::SomeDown]),
        ([unknown, down, unknown], [Sum::Unknown, Sum::Unknown, Sum::SomeDown]),
        ([down, down, down], [Sum::SomeDown, Sum::SomeDown, Sum::SomeDown]),
    ] {
        for (need, sum) in (1..).zip(sums) {
            assert_eq!(Sum::of(targets.iter().zip(states), need), sum, "{states:?} {need}");
        }
    }
}

#[test]
fn a_stream_that_is_dampened_says_what_is_believed_and_what_was_seen() {
    let rules = Rules { rise: 1, fall: 2, dampen: Duration::ZERO };
    let mut prober = prober(Settings { rules, ..stream() }, 1);
    let first = send(&mut prober, at(0))[0];
    let up = answer(&mut prober, first, at(1));
    let mut said = lines(&prober, up);
    for round in 1..3 {
        send(&mut prober, at(round * 1000));
        let lost = prober.expire(at(round * 1000 + 900));
        said.extend(lines(&prober, lost));
    }
    let wanted = [
        "ping 1000.001000 192.0.2.1 up rtt=1.000 loss=0/1",
        "ping 1001.500000 192.0.2.1 up probe=down loss=1/2 reason=timeout",
        "ping 1002.500000 192.0.2.1 down loss=2/3 reason=timeout",
    ];
    assert_eq!(said, wanted);
    assert_eq!(prober.sum(), Sum::SomeDown);
}

#[test]
fn tallies_tell_the_whole_run_and_what_came_since() {
    let mut prober = prober(Settings { tally: Kept::Spread, ..stream() }, 1);
    for round in 0..4 {
        let now = at(round * 1000);
        let probe = send(&mut prober, now)[0];
        if round != 2 {
            answer(&mut prober, probe, now + ms(10 * (round + 1)));
        }
        prober.expire(now + ms(900));
        if round == 2 {
            prober.forget_recent(at(3000));
        }
    }
    let record = |prober: &Prober, which: fn(&Tallies) -> &Tally, since: Time| {
        let tally = which(prober.tallies(0).unwrap());
        tally.record(&prober.targets()[0], at(4000).since(since), at(4000)).finish()
    };
    let (begun, told) = prober.since();
    assert_eq!(
        record(&prober, |tallies| &tallies.whole, begun),
        "ping-summary 1004.000000 192.0.2.1 over=4.0 loss=1/4 min=10.000 avg=23.333 max=40.000 p99=40.000"
    );
    assert_eq!(
        record(&prober, |tallies| &tallies.recent, told),
        "ping-summary 1004.000000 192.0.2.1 over=1.0 loss=0/1 min=40.000 avg=40.000 max=40.000 p99=40.000"
    );
    let json = prober.tallies(0).unwrap().recent.json(&prober.targets()[0], ms(1000), at(4000));
    let wanted = "{\"kind\":\"ping-summary\",\"time\":1004.000000,\"target\":\"192.0.2.1\",\"addr\":\"192.0.2.1\",\
                  \"over\":1.0,\"lost\":0,\"of\":1,\"min\":40.000,\"avg\":40.000,\"max\":40.000,\"p99\":40.000}";
    assert_eq!(json, wanted);
}

#[test]
fn notes_say_doubled_answers_and_whose_error_it_was() {
    let mut prober = prober(Settings { notes: true, ..stream() }, 1);
    let first = send(&mut prober, at(0))[0];
    answer(&mut prober, first, at(1));
    answer(&mut prober, first, at(7));
    assert_eq!(prober.take_notes(), [Note::Twice { target: 0, number: 0, rtt: ms(7) }]);
    let second = send(&mut prober, at(1000))[0];
    let error = refusal(Some(prober.echo(second, 1)), 1);
    let by = "192.0.2.254".parse().unwrap();
    let report = prober.hear(by, &error, at(1005));
    let wanted = "ping 1001.005000 192.0.2.1 down loss=1/2 reason=host-unreachable by=192.0.2.254 dup=1";
    assert_eq!(lines(&prober, report), [wanted]);
    assert_eq!(prober.take_notes(), [Note::Refused { target: 0, by, kind: 3, code: 1 }]);
    // Once more, of a request that is over.
    assert_eq!(prober.hear(by, &error, at(1006)), None);
    assert_eq!(prober.take_notes(), []);
}

#[test]
fn ping_nodes_are_asked_each_keepalive_and_no_more_often_than_is_of_use() {
    let ms = Duration::from_millis;
    assert_eq!(rhythm(ms(2_000), ms(30_000)), (ms(2_000), ms(28_000)));
    assert_eq!(rhythm(ms(500), ms(5_000)), (ms(500), ms(4_500)));
    assert_eq!(rhythm(ms(100), ms(1_000)), (ms(250), ms(750)));
    assert_eq!(rhythm(ms(100), ms(300)), (ms(100), ms(200)));
    assert_eq!(rhythm(ms(20), ms(100)), (ms(25), ms(75)));
    assert_eq!(rhythm(ms(100), ms(150)), (ms(100), ms(100)), "a deadping that is too short");
}
