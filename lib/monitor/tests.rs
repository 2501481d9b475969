use super::*;

fn at(seconds: f64) -> Time {
    Time::ZERO + Duration::from_secs_f64(seconds)
}

/// A group with a service and an address, and what is said and begun.
struct Bench {
    monitor: Monitor,
    effects: Vec<Effect>,
}

impl Bench {
    fn new(care: Care) -> Bench {
        let resources = vec![("web::www".to_owned(), care), ("IPaddr::10.0.0.80".to_owned(), Care::default())];
        let monitor = Monitor::new(vec![Watched { name: "www".to_owned(), resources }]);
        Bench { monitor, effects: Vec::new() }
    }

    /// One that runs since 0 s.
    fn running(care: Care) -> Bench {
        let mut bench = Bench::new(care);
        bench.told("group 0.0 www started node=n1", 0.0);
        assert_eq!(bench.act(0.0), ["listen"]);
        bench
    }

    fn told(&mut self, line: &str, now: f64) {
        self.monitor.ask(read(line.as_bytes(), "n1").unwrap(), at(now), &mut self.effects);
    }

    fn take(&mut self) -> Vec<String> {
        let text = |effect| match effect {
            Effect::Begin(0, Task::Look(_)) => "look".to_owned(),
            Effect::Begin(0, Task::Restart(word)) => format!("restart {word}"),
            Effect::End(0) => "end".to_owned(),
            Effect::Listen(0) => "listen".to_owned(),
            Effect::Rest(0) => "rest".to_owned(),
            Effect::Say(line) | Effect::Answer(line) => line.finish(),
            other => panic!("{other:?}"),
        };
        self.effects.drain(..).map(text).collect()
    }

    fn act(&mut self, now: f64) -> Vec<String> {
        self.monitor.act(at(now), &mut self.effects);
        self.take()
    }

    fn ended(&mut self, status: u8, lines: &[&str], now: f64) -> Vec<String> {
        let found = lines.iter().filter_map(|line| finding(line.as_bytes())).collect();
        self.monitor.ended(0, Outcome::Ended(status, found), at(now), &mut self.effects);
        self.take()
    }

    /// The look that is due finds the service like this.
    fn look(&mut self, service: &str, now: f64) -> Vec<String> {
        assert_eq!(self.act(now), ["look"], "at {now}");
        let service = format!("resource 1.0 www {service} name=web::www");
        self.ended(0, &[&service, "resource 1.0 www running name=IPaddr::10.0.0.80"], now)
    }

    fn due(&self) -> f64 {
        self.monitor.deadline().unwrap().since(Time::ZERO).as_secs_f64()
    }
}

fn care() -> Care {
    Care { restarts: 2, within: Duration::from_secs(60), ..Care::default() }
}

#[test]
fn s62_a_resource_that_failed_is_started_again_so_often_and_then_its_group_is_given_up() {
    let mut bench = Bench::running(care());
    assert_eq!(bench.due(), 10.0);
    assert_eq!(bench.act(9.9), [""; 0]);
    assert_eq!(bench.look("running", 10.0), [""; 0]);
    assert_eq!(bench.look("stopped", 20.0), ["monitor 20.000000 www failed name=web::www"]);
    assert_eq!(bench.due(), 21.0);
    let again = ["monitor 21.000000 www restart name=web::www n=1 of=2", "restart web::www"];
    assert_eq!(bench.look("stopped", 21.0), again);
    assert_eq!(bench.ended(0, &[], 22.0), ["monitor 22.000000 www restarted name=web::www"]);
    assert_eq!(bench.look("running", 23.0), ["monitor 23.000000 www running"]);
    assert_eq!(bench.due(), 33.0);
    bench.look("failed", 33.0);
    assert_eq!(bench.look("failed", 34.0)[1], "restart web::www");
    let failed = bench.ended(1, &[], 35.0);
    assert_eq!(failed, ["monitor 35.000000 www not-restarted name=web::www status=1"]);
    let given_up = ["monitor 36.000000 www given-up name=web::www", "group 36.000000 www failed by=monitor"];
    assert_eq!(bench.look("stopped", 36.0), given_up);
    // It stays where no other node can: asked on, and started again when that may be.
    assert_eq!(bench.look("stopped", 46.0), [""; 0]);
    assert_eq!(
        bench.look("stopped", 82.0),
        ["monitor 82.000000 www restart name=web::www n=2 of=2", "restart web::www"]
    );
    bench.ended(0, &[], 83.0);
    assert_eq!(
        bench.look("running", 84.0),
        ["monitor 84.000000 www running", "group 84.000000 www started by=monitor"]
    );
}

#[test]
fn s65_a_check_that_flaps_restarts_nothing_until_it_has_done_so_five_times() {
    let mut bench = Bench::running(care());
    let mut now = 10.0;
    for _ in 0..4 {
        assert_eq!(bench.look("failed", now).len(), 1);
        assert_eq!(bench.look("running", now + 1.0), [format!("monitor {:.6} www running", now + 1.0)]);
        now += 11.0;
    }
    bench.look("failed", now);
    assert_eq!(bench.look("running", now + 1.0).last().unwrap(), "restart web::www");
}

#[test]
fn s64_what_hangs_three_times_in_a_row_has_failed() {
    let mut bench = Bench::running(care());
    let hang = "unknown";
    for (now, count) in [(10.0, 1), (20.0, 2)] {
        assert_eq!(bench.act(now), ["look"]);
        let said = bench.ended(2, &[&format!("resource 1.0 www {hang} name=web::www status=124")], now);
        assert_eq!(said, [format!("monitor {now:.6} www unknown name=web::www status=124 n={count} of=3")]);
    }
    assert_eq!(bench.act(30.0), ["look"]);
    let said = bench.ended(2, &["resource 1.0 www unknown name=web::www status=124"], 30.0);
    assert_eq!(said.last().unwrap(), "restart web::www");
}

#[test]
fn what_could_not_be_told_is_never_a_failure() {
    let mut bench = Bench::running(care());
    let mut said = Vec::new();
    for number in 1..20 {
        let now = f64::from(number) * 10.0;
        assert_eq!(bench.act(now), ["look"]);
        said.extend(match number % 3 {
            // fork: EAGAIN, no such command; a script that does not know; nothing said.
            0 => {
                let why = "Resource temporarily unavailable".to_owned();
                bench.monitor.ended(0, Outcome::Untold(why), at(now), &mut bench.effects);
                bench.take()
            }
            1 => bench.ended(2, &["resource 1.0 www unknown name=web::www status=125"], now),
            _ => bench.ended(2, &[], now),
        });
    }
    assert!(said.iter().all(|line| line.starts_with("monitor ") && line.contains(" unknown ")), "{said:?}");
}

#[test]
fn a_look_that_hangs_as_a_whole_is_ended_and_counts() {
    let mut bench = Bench::running(care());
    let mut said = Vec::new();
    for _ in 0..3 {
        let due = bench.due();
        assert_eq!(bench.act(due), ["look"]);
        let until = bench.due();
        assert!(until > due + 40.0);
        assert_eq!(bench.act(until), ["end"]);
        said = bench.ended(143, &[], until + 1.0);
    }
    assert_eq!(said.last().unwrap().split(' ').skip(2).collect::<Vec<_>>(), ["www", "failed", "by=monitor"]);
}

#[test]
fn s19_a_pause_of_this_node_is_no_failure_of_what_it_watches() {
    let mut bench = Bench::running(care());
    for _ in 0..5 {
        let due = bench.due();
        assert_eq!(bench.act(due), ["look"]);
        let late = bench.due() + 3_600.0;
        assert_eq!(bench.act(late), ["end"]);
        assert_eq!(bench.ended(143, &[], late + 1.0), [""; 0]);
    }
}

#[test]
fn in_maintenance_a_failure_is_only_reported() {
    let mut bench = Bench::running(care());
    bench.told("maintenance 1.0 on", 1.0);
    assert_eq!(bench.look("stopped", 10.0), ["monitor 10.000000 www failed name=web::www"]);
    for now in [20.0, 30.0, 40.0] {
        assert_eq!(bench.look("stopped", now), [""; 0]);
    }
    bench.told("maintenance 41.0 off", 41.0);
    assert_eq!(bench.look("stopped", 50.0).last().unwrap(), "restart web::www");
}

#[test]
fn an_address_is_not_started_again_and_its_interface_is_none_of_our_business() {
    let mut bench = Bench::running(care());
    let running = "resource 1.0 www running name=web::www";
    assert_eq!(bench.act(10.0), ["look"]);
    let said = bench.ended(1, &[running, "resource 1.0 www failed name=IPaddr::10.0.0.80 status=1"], 10.0);
    assert_eq!(said, ["monitor 10.000000 www unknown name=IPaddr::10.0.0.80 status=1"]);
    for (now, last) in [(20.0, "failed name=IPaddr::10.0.0.80"), (21.0, "failed by=monitor")] {
        assert_eq!(bench.act(now), ["look"]);
        let said = bench.ended(1, &[running, "resource 1.0 www stopped name=IPaddr::10.0.0.80"], now);
        assert!(said.last().unwrap().ends_with(last), "{said:?}");
    }
}

#[test]
fn s73_what_runs_is_ended_before_a_stop_and_nothing_begins_after_it() {
    let mut bench = Bench::running(care());
    assert_eq!(bench.act(10.0), ["look"]);
    bench.told("do 10.1 stop www", 10.1);
    assert_eq!(bench.take(), ["end", "rest"]);
    assert_eq!(bench.act(30.0), [""; 0]);
    assert_eq!(bench.ended(143, &["resource 1.0 www stopped name=web::www"], 30.0), [""; 0]);
    assert_eq!(bench.act(60.0), [""; 0]);
    // A renewal that is late begins nothing; a start does.
    bench.told("do 61.0 renew www until=70.0", 61.0);
    assert_eq!(bench.act(80.0), [""; 0]);
    bench.told("group 81.0 www started node=n2", 81.0);
    assert_eq!(bench.act(100.0), [""; 0]);
    bench.told("group 101.0 www started node=n1", 101.0);
    assert_eq!(bench.act(101.0), ["listen"]);
    assert_eq!(bench.act(111.0), ["look"]);
}

#[test]
fn s73_a_restart_that_runs_when_its_group_is_stopped_ends_by_itself_and_says_nothing() {
    let mut bench = Bench::running(care());
    bench.look("stopped", 10.0);
    assert_eq!(bench.look("stopped", 11.0).last().unwrap(), "restart web::www");
    bench.told("do 11.5 stop www", 11.5);
    assert_eq!(bench.take(), ["rest"]);
    bench.told("group 12.0 www started node=n1", 12.0);
    assert_eq!(bench.act(40.0), [""; 0]);
    assert_eq!(bench.ended(2, &[], 41.0), [""; 0]);
    assert_eq!(bench.act(41.0), ["listen"]);
    assert_eq!(bench.act(51.0), ["look"]);
}

#[test]
fn one_that_takes_the_place_of_another_learns_from_renewals_what_runs() {
    let mut bench = Bench::new(care());
    assert_eq!(bench.act(1.0), [""; 0]);
    bench.told("do 2.0 renew www until=9.0", 2.0);
    assert_eq!(bench.act(2.0), ["listen"]);
    assert_eq!(bench.act(12.0), ["look"]);
}

#[test]
fn with_an_interval_of_0_nothing_is_asked() {
    let off = Care { interval: Duration::ZERO, ..Care::default() };
    let watched = Watched { name: "www".to_owned(), resources: vec![("web::www".to_owned(), off)] };
    let mut bench = Bench { monitor: Monitor::new(vec![watched]), effects: Vec::new() };
    bench.told("group 0.0 www started node=n1", 0.0);
    assert_eq!(bench.act(0.0), ["listen"]);
    assert_eq!(bench.monitor.deadline(), None);
}

/// A group with a service that is asked every 10 s, and one every minute.
fn uneven() -> Bench {
    let care = |seconds| Care { interval: Duration::from_secs(seconds), ..care() };
    let resources = vec![("web::www".to_owned(), care(10)), ("db::www".to_owned(), care(60))];
    let resources = [resources, vec![("log::www".to_owned(), care(0))]].concat();
    let mut bench =
        Bench { monitor: Monitor::new(vec![Watched { name: "www".to_owned(), resources }]), effects: Vec::new() };
    bench.told("group 0.0 www started node=n1", 0.0);
    assert_eq!(bench.act(0.0), ["listen"]);
    bench
}

impl Bench {
    /// Who is asked at a time.
    fn asked(&mut self, now: f64) -> Vec<String> {
        self.monitor.act(at(now), &mut self.effects);
        self.effects
            .drain(..)
            .flat_map(|effect| match effect {
                Effect::Begin(0, Task::Look(words)) => words,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Who was asked is found like this, and nobody else.
    fn found(&mut self, findings: &[(&str, &str)], now: f64) -> Vec<String> {
        let line = |(word, state): &(&str, &str)| format!("resource 1.0 www {state} name={word}");
        let lines: Vec<String> = findings.iter().map(line).collect();
        self.ended(0, &lines.iter().map(String::as_str).collect::<Vec<_>>(), now)
    }
}

#[test]
fn each_resource_is_asked_at_its_own_interval_and_with_others_whose_turn_is_near() {
    let mut bench = uneven();
    for turn in 1..=4 {
        let now = f64::from(turn) * 11.0 - 1.0;
        assert_eq!(bench.due(), now);
        assert_eq!(bench.asked(now), ["web::www"]);
        assert_eq!(bench.found(&[("web::www", "running")], now + 1.0), [""; 0]);
    }
    // Not asked again six seconds later: a tenth of a minute is near enough.
    assert_eq!(bench.asked(54.0), ["web::www", "db::www"]);
    bench.found(&[("web::www", "running"), ("db::www", "running")], 55.0);
    assert_eq!(bench.due(), 65.0);
    assert_eq!(bench.asked(65.0), ["web::www"]);
}

#[test]
fn what_is_found_failed_is_asked_again_alone_and_after_a_second() {
    let mut bench = uneven();
    bench.asked(10.0);
    assert_eq!(bench.found(&[("web::www", "stopped")], 10.0), ["monitor 10.000000 www failed name=web::www"]);
    assert_eq!(bench.asked(10.9), [""; 0]);
    assert_eq!(bench.asked(11.0), ["web::www"]);
    let restart = ["monitor 11.000000 www restart name=web::www n=1 of=2", "restart web::www"];
    assert_eq!(bench.found(&[("web::www", "stopped")], 11.0), restart);
    // What stands right of it was started again with it.
    bench.ended(0, &[], 12.0);
    assert_eq!(bench.asked(13.0), ["web::www", "db::www"]);
}

#[test]
fn a_group_is_well_when_all_of_it_is_and_not_when_another_part_is() {
    let mut bench = uneven();
    bench.asked(60.0);
    bench.found(&[("web::www", "running"), ("db::www", "failed")], 60.0);
    for (restart, now) in [(1, 61.0), (2, 64.0)] {
        let said = format!("monitor {now:.6} www restart name=db::www n={restart} of=2");
        assert_eq!(bench.asked(now), ["db::www"]);
        assert_eq!(bench.found(&[("db::www", "failed")], now), [said.as_str(), "restart db::www"]);
        bench.ended(0, &[], now + 1.0);
        bench.asked(now + 2.0);
        bench.found(&[("web::www", "running"), ("db::www", "failed")], now + 2.0);
    }
    assert_eq!(bench.asked(67.0), ["db::www"]);
    let given_up = ["monitor 67.000000 www given-up name=db::www", "group 67.000000 www failed by=monitor"];
    assert_eq!(bench.found(&[("db::www", "failed")], 67.0), given_up);
    // That the other one is well says nothing of it.
    for turn in 0..5 {
        let now = 77.0 + f64::from(turn) * 10.0;
        assert_eq!(bench.asked(now), ["web::www"], "{now}");
        assert_eq!(bench.found(&[("web::www", "running")], now), [""; 0]);
    }
    assert_eq!(bench.asked(127.0), ["web::www", "db::www"]);
    let well = ["monitor 127.000000 www running", "group 127.000000 www started by=monitor"];
    assert_eq!(bench.found(&[("web::www", "running"), ("db::www", "running")], 127.0), well);
}

#[test]
fn looks_that_hang_are_counted_for_those_who_were_asked() {
    let mut bench = uneven();
    let mut hang = |asked: &[&str], now: f64| {
        assert_eq!(bench.asked(now), asked, "{now}");
        let end = bench.due();
        assert_eq!(bench.act(end), ["end"]);
        bench.ended(143, &[], end)
    };
    let too_long = "www unknown reason=it%20took%20too%20long n=";
    for (n, now) in [(1, 10.0), (2, 60.0)] {
        let asked: &[&str] = if n == 1 { &["web::www"] } else { &["web::www", "db::www"] };
        let said = hang(asked, now);
        assert!(said.len() == 1 && said[0].contains(&format!("{too_long}{n}")), "{said:?}");
    }
    let now = bench.due();
    assert_eq!(bench.asked(now), ["web::www"]);
    assert_eq!(bench.found(&[("web::www", "running")], now), [""; 0], "nothing is known of the other one");
}

#[test]
fn who_asks_whether_it_lives_gets_an_answer() {
    let mut bench = uneven();
    bench.told("tick 12.5", 13.0);
    assert_eq!(bench.take(), ["attended 12.500000"]);
}
