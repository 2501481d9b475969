use super::*;

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

#[test]
fn what_is_told_reads_back() {
    let mut media = Media::default();
    media.note("bcast:eth1", true);
    media.note("mcast:br-lan.7", false);
    media.note("serial:/dev/ttyS0", true);
    let mut room = ROOM;
    let list = format!("w:ff:1:9,{}", part("n1", ("aa", 0x1f, at(10)), at(12), &media, &mut room));
    assert_eq!(list, "w:ff:1:9,n1:aa:1f:2000:!mcast:br-lan.7+bcast:eth1+serial:/dev/ttyS0");
    let echo = find(&list, "n1").unwrap();
    assert_eq!((echo.incarnation, echo.sequence, echo.age), ("aa", 0x1f, Duration::from_secs(2)));
    let known =
        ["bcast:eth1", "mcast:br-lan.7", "serial:/dev/ttyS0", "bcast:eth", "eth1"].map(|name| echo.medium(name));
    assert_eq!(known, [Some(true), Some(false), Some(true), None, None]);
    assert_eq!(find(&list, "w").unwrap().medium("bcast:eth1"), None);
    assert_eq!(find(&list, "n"), None);
}

#[test]
fn what_is_behind_the_parts_that_are_known_is_ignored() {
    let echo = find("n1:aa:1f:90:?later:words", "n1").unwrap();
    assert_eq!((echo.sequence, echo.medium("later:words")), (0x1f, None));
    for list in ["", "n1", "n1:aa", "n1:aa:x:9", "n1:aa:1", "n1:aa:1:", "n1:aa:1:-9", "n12:aa:1:9"] {
        assert_eq!(find(list, "n1"), None, "{list:?}");
    }
}

#[test]
fn media_are_bounded_and_the_news_comes_first() {
    let mut media = Media::default();
    for number in 0..100 {
        media.note(&format!("bcast:eth{number}"), number != 6);
    }
    media.note("bcast:eth7", true);
    for name in ["", "bcast:a+b", "bcast:a!b", "bcast:a,b", "bcast:a b", &"x".repeat(100)] {
        media.note(name, true);
    }
    let mut room = ROOM;
    let all = media.told(&mut room);
    assert_eq!(all.matches(['+', '!']).count(), MEDIA);
    assert!(all.starts_with("!bcast:eth6+bcast:eth0"), "{all}");
    assert_eq!(room, ROOM - all.len());
    let mut room = 25;
    assert_eq!(media.told(&mut room), "!bcast:eth6+bcast:eth0");
    assert_eq!(media.told(&mut 0), "");
}
