use super::*;

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

#[test]
fn a_first_start_takes_the_wall_clock_and_a_new_uuid() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("deep/er");
    let (identity, _, problems) = take(&directory, "node1", 1_795_233_654, Wait::Always);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(identity.generation, 1_795_233_654);
    assert_eq!(bytes(&directory.join(GENERATION)), b"     1795233654\n");
    assert_eq!(bytes(&directory.join(UUID)), identity.uuid);
}

#[test]
fn each_start_raises_the_generation_and_keeps_the_uuid() {
    let home = tempfile::tempdir().unwrap();
    let (first, _, _) = take(home.path(), "node1", 1_000, Wait::Always);
    let (second, _, _) = take(home.path(), "node1", 1_000, Wait::Always);
    let (third, _, _) = take(home.path(), "node1", 5_000, Wait::Always);
    let generations = [first.generation, second.generation, third.generation];
    assert_eq!(generations, [1_000, 1_001, 5_000]);
    assert_eq!((first.uuid, second.uuid), (second.uuid, third.uuid));
}

#[test]
fn where_a_generation_came_from_is_said_when_it_may_matter() {
    let home = tempfile::tempdir().unwrap();
    let said = |wall| take(home.path(), "node1", wall, Wait::Always).1.said();
    let file = home.path().join(GENERATION).display().to_string();
    let from_clock =
        |why: &str, generation| Some(format!("{file}: {why}: the generation is taken from the clock: {generation}"));
    assert_eq!(said(1_000), from_clock("No such file or directory", 1_000));
    assert_eq!((said(1_000), said(1_000), said(2_000)), (None, None, None));
    fs::write(home.path().join(GENERATION), b"many\n").unwrap();
    assert_eq!(said(3_000), from_clock("no generation in it", 3_000));
    let behind = "the clock is 500 s behind the last start: the generation is taken from the file: 3001";
    assert_eq!(said(2_500), Some(format!("{file}: {behind}")));
    assert_eq!(said(2_941), None);
}

#[test]
fn the_files_of_heartbeat_are_read() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(GENERATION), b"     1795236937\n").unwrap();
    fs::write(home.path().join(UUID), b"0123456789abcdef").unwrap();
    let (identity, _, problems) = take(home.path(), "node1", 1_000, Wait::Always);
    assert!(problems.is_empty());
    assert_eq!(identity, Identity { uuid: *b"0123456789abcdef", generation: 1_795_236_938 });
}

#[test]
fn what_cannot_be_read_is_said_and_made_up_for() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(GENERATION), b"many\n").unwrap();
    fs::write(home.path().join(UUID), b"short").unwrap();
    let (identity, _, problems) = take(home.path(), "node1", 1_000, Wait::Always);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(identity, Identity { uuid: uuid_of("node1"), generation: 1_000 });
    assert_eq!(bytes(&home.path().join(GENERATION)), b"           1000\n");
}

#[test]
fn a_directory_that_cannot_be_is_said_and_survived() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, b"").unwrap();
    let (identity, _, problems) = take(&file.join("state"), "node1", 1_000, Wait::Always);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(identity, Identity { uuid: uuid_of("node1"), generation: 1_000 });
}

#[test]
fn a_symbolic_link_is_neither_read_nor_written_through() {
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("victim");
    fs::write(&victim, b"77\n").unwrap();
    std::os::unix::fs::symlink(&victim, home.path().join(GENERATION)).unwrap();
    std::os::unix::fs::symlink(&victim, home.path().join(".hb_generation.new")).unwrap();
    let (identity, _, _) = take(home.path(), "node1", 1_000, Wait::Always);
    assert_eq!(identity.generation, 1_000);
    assert_eq!(bytes(&victim), b"77\n");
    assert_eq!(bytes(&home.path().join(GENERATION)), b"           1000\n");
}

#[test]
fn many_starts_at_once_get_different_generations() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let start = || take(path, "node1", 1_000, Wait::Always).0.generation;
    let mut generations: Vec<u64> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    generations.sort_unstable();
    assert_eq!(generations, (1_000..1_008).collect::<Vec<_>>());
}

#[test]
fn a_generation_that_was_lost_with_the_power_is_not_given_again() {
    // After each start but the last the power may go, and with it whatever no
    // start has waited for: the file is that of an earlier start, or none.
    for wait in [Wait::Always, Wait::IfAheadOfClock] {
        for clock in [[1_000, 1_000, 1_000, 1_001], [1_000, 1_001, 1_001, 1_002], [1_000, 1_002, 1_004, 1_006]] {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join(GENERATION);
            let (mut used, mut on_disk) = (0, None);
            for wall in clock {
                let generation = take(home.path(), "node1", wall, wait).0.generation;
                assert!(generation > used, "{wait:?} {clock:?}: {generation} after {used}");
                used = generation;
                if wait.is_needed(generation, wall) || on_disk.is_none() {
                    on_disk = Some(bytes(&path));
                }
                // The machine is up again a second later at the earliest.
                let copy = tempfile::tempdir().unwrap();
                on_disk.iter().for_each(|kept| fs::write(copy.path().join(GENERATION), kept).unwrap());
                let next = take(copy.path(), "node1", wall + 1, wait).0.generation;
                assert!(next > used, "{wait:?} {clock:?}: {next} after {used}");
            }
        }
    }
}

#[test]
fn a_file_of_another_length_is_replaced() {
    for before in ["", "77\n", "             77\nand more\n"] {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(GENERATION), before).unwrap();
        let (identity, ..) = take(home.path(), "node1", 1_000, Wait::IfAheadOfClock);
        assert_eq!(identity.generation, 1_000);
        assert_eq!(bytes(&home.path().join(GENERATION)), b"           1000\n");
    }
}
