//! Does the demo end in its table?

use crate::support::Zepto;

#[test]
fn the_demo_ends_in_a_table_of_what_it_measured() {
    let demo = Zepto::run(&["demo"], "");
    assert_eq!((demo.status, demo.stderr), (0, vec![]), "{:?}", demo.stdout);
    let column = |name: &str, column: usize| {
        let row = demo.stdout.iter().find(|line| line.starts_with(name));
        let row = row.unwrap_or_else(|| panic!("{name} is not in {:?}", demo.stdout));
        let number = row.split("  ").map(str::trim).filter(|word| !word.is_empty()).nth(column).unwrap();
        number.replace(',', "").parse::<u64>().unwrap()
    };
    for pattern in ["PUSH > 4 workers > PULL", "PUB > 5 SUB, filtered", "REQ > REP", "DEALER > ROUTER"] {
        assert!(column(pattern, 1) > 0, "{pattern}");
    }
    for talk in ["REQ > device", "PUSH > device > PULL, jobs", "device > SUB, telemetry", "device > REP: time?"] {
        assert!(column(talk, 1) > 0, "{talk}");
    }
    // From one in 100 ms to one in 10 ms.
    let (before, after) = (column("device > SUB, telemetry", 2), column("PUB > device: cmd.rate 10", 2));
    assert!(after > 2 * before, "{before}, {after}");
    for sentence in [
        "Pipeline: all ",
        "Device: ",
        "  synchronous    T_sync  = T_call + T_response ",
        "  asynchronous   T_async = T_send + T_handle ",
    ] {
        assert!(demo.stdout.iter().any(|line| line.starts_with(sentence)), "{sentence}: {:?}", demo.stdout);
    }
}
