//! Whole clusters in one process: judge, decide and vote book of every node,
//! clocks that differ in offset and rate, a network that loses, delays, doubles
//! and cuts, nodes that pause, die and come back without memory, actions that
//! are slow or fail, and a kernel that ends leased addresses. A seed decides
//! everything.
//!
//! `cargo run --profile simulation --example simulate -- [--nodes N] [--seeds COUNT] [--from SEED]
//! [--quorum alive|majority] [--trace]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a simulation may panic, prints, and is timed"
)]

mod cluster;
mod random;

use std::process::ExitCode;
use std::time::Instant;

use cluster::{Cluster, Plan};
use hbkit::decide::Quorum;

struct Options {
    nodes: Vec<usize>,
    seeds: u64,
    from: u64,
    quorum: Vec<Quorum>,
    trace: bool,
}

fn options() -> Options {
    let mut options = Options {
        nodes: vec![2, 3, 5],
        seeds: 200,
        from: 1,
        quorum: vec![Quorum::Majority, Quorum::Alive],
        trace: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--nodes" => options.nodes = vec![value().parse().unwrap()],
            "--seeds" => options.seeds = value().parse().unwrap(),
            "--from" => options.from = value().parse().unwrap(),
            "--quorum" if value() == "alive" => options.quorum = vec![Quorum::Alive],
            "--quorum" => options.quorum = vec![Quorum::Majority],
            "--trace" => options.trace = true,
            other => panic!("{other}: not an option"),
        }
    }
    options
}

fn main() -> ExitCode {
    let options = options();
    let mut failures = 0;
    for &quorum in &options.quorum {
        for &nodes in &options.nodes {
            let begun = Instant::now();
            let mut moves = 0;
            for seed in options.from..options.from + options.seeds {
                let plan = Plan { nodes, quorum, seed, trace: options.trace };
                match Cluster::new(&plan).run() {
                    Ok(counted) => moves += counted,
                    Err(broken) => {
                        failures += 1;
                        println!("{quorum:?}, {nodes} nodes, seed {seed}: {broken}");
                        if failures >= 10 {
                            return ExitCode::FAILURE;
                        }
                    }
                }
            }
            let took = begun.elapsed().as_secs_f64();
            println!(
                "{quorum:?}, {nodes} nodes: {} seeds of an hour, {moves} moves, {took:.1} s, {failures} failed",
                options.seeds
            );
        }
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
