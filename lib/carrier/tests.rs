use super::*;

const NOW: Time = Time::from_micros(5_000_000);

fn carriers() -> Carriers {
    Carriers::new(["web", "db"].map(str::to_owned).into_iter())
}

fn up(index: u32) -> Way {
    (Some(index), None)
}

fn down(index: u32) -> Way {
    (Some(index), Some(format!("interface {index} has no carrier")))
}

fn says(lines: Vec<Line>) -> Vec<String> {
    lines.into_iter().map(Line::finish).collect()
}

#[test]
fn each_group_is_told_once_and_again_when_it_changes() {
    let mut carriers = carriers();
    let first = carriers.see(vec![Some(vec![up(2)]), Some(vec![up(2), down(3)])], NOW);
    let reason = "reason=interface%203%20has%20no%20carrier";
    assert_eq!(says(first), ["carrier 5.000000 web up".to_owned(), format!("carrier 5.000000 db down {reason}")]);
    assert_eq!(says(carriers.see(vec![Some(vec![up(2)]), Some(vec![up(2), down(3)])], NOW)), Vec::<String>::new());
    let second = carriers.see(vec![Some(vec![up(2)]), Some(vec![up(2), up(3)])], NOW);
    assert_eq!(says(second), ["carrier 5.000000 db up"]);
}

#[test]
fn what_is_not_known_is_not_said_and_keeps_everything_a_reason_to_look() {
    let mut carriers = carriers();
    assert!(carriers.concerns(7));
    assert!(says(carriers.see(vec![None, Some(vec![up(3)])], NOW)) == ["carrier 5.000000 db up"]);
    assert!(carriers.concerns(7));
    carriers.see(vec![Some(vec![up(2)]), Some(vec![up(3)])], NOW);
    assert!(carriers.concerns(2) && carriers.concerns(3) && !carriers.concerns(7) && !carriers.is_homeless());
}

#[test]
fn an_address_without_a_place_waits_for_any_interface() {
    let mut carriers = carriers();
    let lost = (None, Some("there is no interface eth9".to_owned()));
    carriers.see(vec![Some(vec![lost]), Some(vec![])], NOW);
    assert!(carriers.is_homeless() && carriers.concerns(7));
}
