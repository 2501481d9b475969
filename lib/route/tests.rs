use super::*;

fn route(network: &str, index: u32) -> Route {
    let (network, bits) = network.split_once('/').unwrap();
    Route { network: network.parse().unwrap(), bits: bits.parse().unwrap(), index, gateway: false, metric: 0 }
}

fn find(address: &str, routes: &[Route], only: Option<u32>) -> Result<Place, NoPlace> {
    place(address.parse().unwrap(), routes, only)
}

#[test]
fn the_longest_match_wins() {
    let routes = [route("192.0.0.0/16", 1), route("192.0.2.0/24", 2), route("0.0.0.0/0", 3)];
    assert_eq!(find("192.0.2.4", &routes, None), Ok(Place { index: 2, bits: 24 }));
    assert_eq!(find("192.0.3.4", &routes, None), Ok(Place { index: 1, bits: 16 }));
    assert_eq!(find("192.0.2.4", &routes, Some(1)), Ok(Place { index: 1, bits: 16 }));
}

#[test]
fn of_equal_matches_the_smallest_metric_wins() {
    let routes = [Route { metric: 100, ..route("192.0.2.0/24", 1) }, Route { metric: 20, ..route("192.0.2.0/24", 2) }];
    assert_eq!(find("192.0.2.4", &routes, None), Ok(Place { index: 2, bits: 24 }));
}

#[test]
fn equal_routes_of_two_interfaces_are_no_answer() {
    let routes = [route("192.0.2.0/24", 2), route("192.0.2.0/24", 1)];
    let both = vec![Place { index: 1, bits: 24 }, Place { index: 2, bits: 24 }];
    assert_eq!(find("192.0.2.4", &routes, None), Err(NoPlace::Several(both)));
    assert_eq!(find("192.0.2.4", &routes, Some(2)), Ok(Place { index: 2, bits: 24 }));
}

#[test]
fn the_same_route_twice_on_one_interface_is_an_answer() {
    let routes = [route("192.0.2.0/24", 1), route("192.0.2.0/24", 1)];
    assert_eq!(find("192.0.2.4", &routes, None), Ok(Place { index: 1, bits: 24 }));
}

#[test]
fn a_default_route_and_a_router_are_no_answer() {
    let default = Route { gateway: true, ..route("0.0.0.0/0", 1) };
    assert_eq!(find("192.0.2.4", std::slice::from_ref(&default), None), Err(NoPlace::OnlyDefault));
    assert_eq!(find("192.0.2.4", &[route("0.0.0.0/0", 1)], None), Err(NoPlace::OnlyDefault));
    let routed = Route { gateway: true, ..route("192.0.0.0/16", 1) };
    assert_eq!(find("192.0.2.4", &[routed, default], None), Err(NoPlace::Gateway(Place { index: 1, bits: 16 })));
    assert_eq!(find("192.0.2.4", &[], None), Err(NoPlace::None));
    assert_eq!(find("192.0.2.4", &[route("2001:db8::/64", 1), route("::/0", 1)], None), Err(NoPlace::None));
}

#[test]
fn ipv6_is_matched_alike() {
    let routes = [route("2001:db8::/64", 2), route("fe80::/64", 2), route("fe80::/64", 3)];
    assert_eq!(find("2001:db8::4", &routes, None), Ok(Place { index: 2, bits: 64 }));
    assert!(matches!(find("fe80::4", &routes, None), Err(NoPlace::Several(_))));
}

#[test]
fn the_bits_that_are_asked_for_choose_the_network() {
    let routes = [route("192.0.0.0/16", 1), route("192.0.2.0/24", 2), route("2001:db8::/64", 2), route("0.0.0.0/0", 3)];
    let find = |address: &str, bits| place_with(address.parse().unwrap(), Some(bits), &routes);
    let place = |index, bits| Ok(Place { index, bits });
    assert_eq!(find("192.0.2.4", 24), place(2, 24));
    assert_eq!(find("192.0.2.4", 28), place(2, 24));
    assert_eq!(find("192.0.2.4", 32), place(2, 24));
    // The larger network, in which it belongs with these bits.
    assert_eq!(find("192.0.2.4", 16), place(1, 16));
    assert_eq!(find("192.0.2.4", 20), place(1, 16));
    assert_eq!(find("192.0.2.4", 8), Err(NoPlace::OtherBits(Place { index: 2, bits: 24 })));
    assert_eq!(find("198.51.100.4", 24), Err(NoPlace::OnlyDefault));
    assert_eq!(find("2001:db8::4", 64), place(2, 64));
    assert_eq!(find("2001:db8::4", 128), place(2, 64));
    for bits in [48, 80] {
        assert_eq!(find("2001:db8::4", bits), Err(NoPlace::OtherBits(Place { index: 2, bits: 64 })));
    }
}
