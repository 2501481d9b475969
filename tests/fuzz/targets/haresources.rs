//! haresources: bounded, and groups that can be printed, read again, and given to
//! scripts as words.
#![no_main]

use hbkit::haresources::{self, GROUPS_MAX, Kind, RESOURCES_MAX, Resource};
use hbkit::name::is_name;
use hbkit::problem::MAX;
use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (groups, problems) = bounded(96 * data.len() + (1 << 18), || haresources::parse("haresources", data));
    assert!(groups.len() <= GROUPS_MAX && problems.iter().count() <= 2 * MAX);
    for line in problems.lines() {
        assert!(line.starts_with("haresources:") && !line.contains(char::is_control), "{line:?}");
        assert!(line.len() < 1024, "{line:?}");
    }
    for group in &groups {
        assert!(is_name(&group.name) && hbkit::name::node(&group.node).as_ref() == Ok(&group.node));
        assert!(!group.resources.is_empty() && group.resources.len() <= RESOURCES_MAX);
        for resource in &group.resources {
            let word = resource.to_string();
            let unsafe_in_sh = [' ', '\n', '\\', '"', '\'', '`'];
            assert!(word.is_ascii() && !word.contains(unsafe_in_sh) && !word.starts_with('-'), "{word:?}");
            let again = Resource::parse(&word).expect("what is printed can be read");
            assert_eq!(again.kind, resource.kind);
            if let Kind::Script { name, .. } = &resource.kind {
                assert!(!name.contains('/') && !name.starts_with('.'), "{name:?}");
            }
        }
    }
    if problems.has_errors() {
        return;
    }
    // As printed, without the name that it gives each group.
    let text: String =
        groups.iter().map(|group| format!("{}\n", group.to_string().split_once(' ').expect("a name").1)).collect();
    let (again, none) = haresources::parse("haresources", text.as_bytes());
    assert!(!none.has_errors(), "{:?}", none.lines());
    let said = |groups: &[haresources::Group]| groups.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(said(&again), said(&groups));
});
