use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_ascii_whitespace().map(str::to_owned).collect()
}

fn wanted(line: &str) -> Wanted {
    match parse(&words(line)) {
        Ok(Call::Ask(wanted)) => *wanted,
        other => panic!("{line}: {other:?}"),
    }
}

fn error(line: &str) -> String {
    parse(&words(line)).map_or_else(|error| error.to_string(), |call| panic!("{line}: {call:?}"))
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn fping_is_meant_by_its_name_or_by_the_first_word() {
    let meant = |line: &str| meant(&words(line)).map(<[String]>::to_vec);
    assert_eq!(meant("/usr/local/bin/fping -a x"), Some(words("-a x")));
    assert_eq!(meant("ping-probe --fping -a x"), Some(words("-a x")));
    assert_eq!(meant("ping-probe -q --fping"), None);
    assert_eq!(meant("ping-probe fping"), None);
    assert_eq!(super::meant(&[]), None);
}

#[test]
fn letters_stand_together_values_with_them_or_behind_them() {
    let all = wanted("-qaec3 a -p20 --size=100 --retry 1 -i 0.5 b -- -c");
    assert_eq!(all.targets, ["a", "b", "-c"]);
    assert_eq!((all.count, all.period, all.size, all.retries), (Some(3), ms(20), 100, 1));
    assert_eq!(all.gap, Duration::from_micros(500));
    assert!(all.manner.quiet && all.manner.alive && all.manner.elapsed && !all.manner.each_time);
    assert_eq!(wanted("-H64 -O 0x10 -M -S 192.0.2.1 -Ieth0 x").service, Some(16));
}

#[test]
fn time_outs_are_fpings_own() {
    assert_eq!(wanted("x").timeout, ms(500));
    assert_eq!(wanted("-c1 x").timeout, ms(1000));
    assert_eq!(wanted("-C1 -p 50 x").timeout, ms(50));
    assert_eq!(wanted("-l -p 5000 x").timeout, ms(2000));
    assert_eq!(wanted("-l -p 5000 -t 3000 x").timeout, ms(3000));
    assert_eq!((wanted("x").retries, wanted("x").backoff, wanted("-B2.0 x").backoff), (3, 150, 200));
}

#[test]
fn without_targets_standard_input_is_the_list() {
    assert_eq!(wanted("-a").file.as_deref(), Some("-"));
    assert_eq!(wanted("-a x").file, None);
    assert_eq!(wanted("-f list").file.as_deref(), Some("list"));
    assert!(wanted("-g 192.0.2.0/30").generate && wanted("-g 192.0.2.1 192.0.2.9").generate);
}

#[test]
fn help_and_version_are_said_whatever_else_is_asked() {
    assert_eq!(parse(&words("-h")), Ok(Call::Help));
    assert_eq!(parse(&words("-a -u --version x")), Ok(Call::Version));
}

#[test]
fn what_cannot_be_followed_is_said_in_words() {
    let wrong = [
        ("-z", "invalid option -- 'z'"),
        ("-a\u{7} x", "invalid option -- '\\u{7}'"),
        ("--cou 1", "invalid option -- 'cou'"),
        ("-c", "option requires an argument -- 'c'"),
        ("--count", "option requires an argument -- 'count'"),
        ("-c 0 x", "-c: '0': at least 1"),
        ("-c 0x x", "-c: '0x': at least 1"),
        ("-p 0 x", "-p: '0': at least 0.1 milliseconds"),
        ("-t -1 x", "-t: '-1': at least 0.1 milliseconds"),
        ("-i nan x", "-i: 'nan': milliseconds"),
        ("-B 9 x", "-B: '9': between 1.0 and 5.0"),
        ("-b 12 x", "-b: '12': from 20 to 65488 bytes"),
        ("-r 21 x", "-r: '21': at most 20"),
        ("-S x y", "-S: 'x': not an address"),
        ("-O 256 x", "-O: '256': a byte, as 16 or 0x10"),
        ("-Q 0 x", "-Q: '0': seconds"),
        ("-4 -6 x", "specify only one of 4, 6"),
        ("-a -u x", "specify only one of a, u"),
        ("-C1 -l x", "specify only one of c, l"),
        ("-n x", "-n is not supported here: names of addresses are not looked up"),
        ("-N -l -Q1 x", "-N is not supported here: no output for netdata"),
        ("-g x", "-g: one prefix, or the first and the last address"),
        ("-g a b c", "-g: one prefix, or the first and the last address"),
        ("-f list x", "targets are named, and a file of them by -f"),
        ("-f list -g x/24", "-f and -g do not go together"),
    ];
    for (line, text) in wrong {
        assert_eq!(error(line), text, "{line}");
    }
}
