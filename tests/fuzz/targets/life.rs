//! The file of a life: what is read is what would be written, and it goes on with no
//! number that was used.
#![no_main]

use std::time::Duration;

use hbkit::life::{Heir, Life, SIZE};
use hbkit::time::Time;
use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fn look(bytes: &[u8]) {
    let Some(life) = bounded(4096, || Life::read(bytes)) else { return };
    assert_eq!(life.kept().as_ref().map(|kept| &kept[..]), Some(bytes));
    assert!(life.sequence > 0 && life.sequence.checked_add(1).is_some());
    let heir = Heir { node: life.node.clone(), boot: life.boot.clone(), uuid: life.uuid, latest: Some(life.generation) };
    let deadtime = Duration::from_secs(10);
    assert_eq!(life.goes_on(&heir, life.time, deadtime), Ok(()));
    let ahead = life.time.micros().checked_sub(1).map(Time::from_micros);
    assert!(ahead.is_none_or(|now| life.goes_on(&heir, now, deadtime).is_err()));
    assert!(life.goes_on(&heir, life.time + deadtime, deadtime).is_err());
}

fuzz_target!(|data: &[u8]| {
    look(data);
    // As long as it must be.
    let mut bytes = [b' '; SIZE];
    bytes[SIZE - 1] = b'\n';
    let length = data.len().min(SIZE - 1);
    bytes[..length].copy_from_slice(&data[..length]);
    look(&bytes);
});
