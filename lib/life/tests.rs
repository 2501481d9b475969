use super::*;

fn life() -> Life {
    Life {
        time: "81.301204".parse().unwrap(),
        node: "node1".to_owned(),
        boot: "0b5e6a31-9f1c-4e6f-9d1e-2f0a6c1f7d55".to_owned(),
        uuid: [7; 16],
        generation: 0x6b01_14aa,
        incarnation: "5f".repeat(16),
        sequence: 31,
    }
}

fn heir() -> Heir {
    Heir { node: life().node, boot: life().boot, uuid: life().uuid, latest: Some(life().generation) }
}

fn after(millis: u64) -> Time {
    life().time + Duration::from_millis(millis)
}

const DEADTIME: Duration = Duration::from_secs(10);

#[test]
fn what_is_kept_reads_back_and_is_of_one_length_for_any_life() {
    let long = Life {
        time: "9999999999.999999".parse().unwrap(),
        node: "n".repeat(crate::name::MAX),
        generation: MANY - 1,
        sequence: MANY - 1,
        ..life()
    };
    for life in [life(), long.clone()] {
        let kept = life.kept().unwrap();
        assert_eq!(Life::read(&kept), Some(life));
    }
    let text = String::from_utf8(life().kept().unwrap().to_vec()).unwrap();
    let record = "life 81.301204 node1 boot=0b5e6a31-9f1c-4e6f-9d1e-2f0a6c1f7d55 \
                  uuid=07070707070707070707070707070707 hg=6b0114aa inc=5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f seq=1f";
    assert_eq!(text.trim_end(), record);
    assert!(text.ends_with(" \n"));
    assert!(
        Life { time: Time::from_micros(u64::MAX), generation: u64::MAX, sequence: u64::MAX, ..long }.kept().is_some()
    );
    assert_eq!(Life { boot: "b".repeat(SIZE), ..life() }.kept(), None, "too long to be kept");
}

#[test]
fn half_a_life_or_a_strange_one_is_none() {
    let kept = life().kept().unwrap();
    for length in 0..SIZE {
        assert_eq!(Life::read(&kept[..length]), None, "{length}");
    }
    assert_eq!(Life::read(&[&kept[..], b"\n"].concat()), None);
    let text = String::from_utf8(kept.to_vec()).unwrap();
    let text = text.trim_end();
    for (from, to) in [
        ("life ", "Life "),
        ("node1 boot", "node1  boot"),
        ("node1", "node="),
        ("node1", "node%31"),
        ("node1", "node1 node1"),
        ("seq=1f", "seq=1F"),
        ("seq=1f", "seq=+1f"),
        ("seq=1f", "seq=01f"),
        ("seq=1f", "seq=0"),
        ("seq=1f", "seq="),
        ("seq=1f", "seq=4000000000000000"),
        ("seq=1f", "seq=10000000000000000"),
        ("seq=1f", "seq=1f seq=1f"),
        ("seq=1f", "seq=1f x=1"),
        ("seq=1f", "seq=1f\n"),
        (" seq=1f", ""),
        ("hg=6b", "hg=-6b"),
        ("inc=5f", "inc=5F"),
        ("inc=5f", "inc=5g"),
        ("inc=5f", "inc="),
        ("uuid=07", "uuid=+7"),
        ("uuid=07", "uuid="),
        ("boot=0b5e6a31-", "boot=0b5e6a31/"),
        ("81.301204", "81.30120x"),
        ("81.301204", "81.3012"),
        ("81.301204", "-81.301204"),
    ] {
        let strange = text.replacen(from, to, 1);
        assert_ne!(strange, text);
        let strange = format!("{strange:<255}\n");
        assert_eq!((strange.len(), Life::read(strange.as_bytes())), (SIZE, None), "{strange}");
    }
    assert!(Life::read(format!("{text:<255}\n").as_bytes()).is_some());
}

/// Any bytes that are a life are the ones that it is kept in, and no byte of it can
/// change unnoticed into half of a number: seeded mutations.
#[test]
fn what_is_read_is_what_was_written_whatever_becomes_of_the_bytes() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let alphabet = b"0123456789abcdefghilnoqstux =.-_%+\n\0\xff";
    let mut read = 0;
    for round in 0..50_000 {
        let mut bytes = life().kept().unwrap();
        for _ in 0..=next(3) {
            bytes[next(SIZE)] = alphabet[next(alphabet.len())];
        }
        let Some(found) = Life::read(&bytes) else { continue };
        read += 1;
        assert_eq!(found.kept(), Some(bytes), "round {round}: {}", String::from_utf8_lossy(&bytes));
    }
    assert!(read > 1_000, "{read}: too few of them were lives to prove anything");
}

#[test]
fn a_life_goes_on_on_the_same_node_and_boot_within_deadtime_of_its_last_message() {
    assert_eq!(life().goes_on(&heir(), after(0), DEADTIME), Ok(()));
    assert_eq!(life().goes_on(&heir(), after(9_999), DEADTIME), Ok(()));
    let silent = Err(Over::Silent(DEADTIME));
    assert_eq!(life().goes_on(&heir(), after(10_000), DEADTIME), silent);
    assert_eq!(life().goes_on(&heir(), life().time.before(Duration::from_micros(1)), DEADTIME), Err(Over::Future));
    for (heir, over) in [
        (Heir { boot: "another".to_owned(), ..heir() }, Over::Boot),
        (Heir { boot: String::new(), ..heir() }, Over::Boot),
        (Heir { node: "node2".to_owned(), ..heir() }, Over::Node),
        (Heir { uuid: [8; 16], ..heir() }, Over::Node),
        (Heir { latest: Some(life().generation + 1), ..heir() }, Over::Generation),
    ] {
        assert_eq!(life().goes_on(&heir, after(1), DEADTIME), Err(over));
    }
    // A directory that has lost its generation knows of none that is later.
    for latest in [None, Some(5)] {
        assert_eq!(life().goes_on(&Heir { latest, ..heir() }, after(1), DEADTIME), Ok(()));
    }
}
