//! Announcements: what is read is written as the same again.
#![no_main]

use std::time::Duration;

use hbkit::announce::{Groups, Reach};
use hbkit::echo::{self, Media};
use hbkit::time::Time;
use hbkit::votes::Votes;
use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let limit = 64 * text.len() + 4096;
    if let Ok(groups) = bounded(limit, || text.parse::<Groups>()) {
        assert!(groups.0.keys().all(|name| hbkit::name::is_name(name)));
        assert_eq!(groups.to_string().parse(), Ok(groups));
    }
    if let Ok(votes) = bounded(limit, || text.parse::<Votes>()) {
        assert_eq!(votes.to_string().parse(), Ok(votes));
    }
    if let Ok(reach) = text.parse::<Reach>() {
        assert_eq!(reach.to_string().parse(), Ok(reach));
        assert!(reach.lead_over(reach).is_none());
    }
    for node in ["n2", "n1", ""] {
        let Some(echo) = bounded(0, || echo::find(text, node)) else { continue };
        for medium in ["bcast:eth1", "", "+", "x"] {
            let _ = echo.medium(medium);
        }
        let mut media = Media::default();
        media.note(text, true);
        media.note("bcast:eth1", echo.medium("bcast:eth1").unwrap_or(false));
        let heard = Time::from_micros(7);
        let now = Time::from_micros(echo.age.as_micros().try_into().unwrap_or(u64::MAX).saturating_add(7));
        let mut room = echo::ROOM;
        let part = echo::part("n2", (echo.incarnation, echo.sequence, heard), now, &media, &mut room);
        if node == "n2" && !echo.incarnation.contains([',', ':']) {
            let again = echo::find(&part, "n2").expect("what is written can be read");
            assert_eq!((again.incarnation, again.sequence), (echo.incarnation, echo.sequence));
            assert!(again.age == echo.age || echo.age > Duration::from_micros(u64::MAX - 7_000));
            assert_eq!(again.medium("bcast:eth1"), Some(echo.medium("bcast:eth1").unwrap_or(false)));
        }
    }
});
