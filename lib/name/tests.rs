use super::*;

#[test]
fn a_node_is_folded_to_lower_case() {
    assert_eq!(node("Node1.Example-a_b").as_deref(), Ok("node1.example-a_b"));
}

#[test]
fn names_that_would_break_a_record_are_refused() {
    for text in ["", "a b", "a=b", "ä", "a/b", "a%", "a\n", &"x".repeat(65)] {
        assert!(node(text).is_err(), "{text:?}");
    }
}
