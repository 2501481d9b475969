//! Whole clusters in one process: judge, decide and vote book of every node,
//! clocks that differ in offset and rate, media that lose, delay, double and cut,
//! nodes that pause, die and come back without memory, actions that are slow or
//! fail, and a kernel or a process that ends leased addresses. Decide alone, or a
//! node's supervisor, dies and takes over what was left. A seed decides everything;
//! of a seed that fails, the shortest list of faults is printed, and the command that
//! tells the story of it.
//!
//! `simulate [--nodes N] [--seeds COUNT] [--from SEED] [--quorum alive|majority]
//! [--pace long|short] [--threads N] [--progress] [--faults LIST] [--trace] [--no-shrink]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a simulation may panic, prints, and is timed"
)]

mod check;
mod cluster;
mod network;
mod node;
mod random;
mod shrink;
mod story;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use check::Broken;
use cluster::Tally;
use hbkit::decide::Quorum;
use shrink::{run, shrink};
use story::{Pace, Plan, Wanted};

struct Options {
    nodes: Vec<usize>,
    paces: Vec<Pace>,
    quorum: Option<Quorum>,
    seeds: u64,
    from: u64,
    threads: usize,
    /// The faults that are told; all without.
    faults: Option<Vec<usize>>,
    trace: bool,
    shrinks: bool,
    progress: bool,
}

fn options() -> Options {
    let mut options = Options {
        nodes: vec![2, 3, 5],
        paces: vec![Pace::Long, Pace::Short],
        quorum: None,
        seeds: 200,
        from: 1,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        faults: None,
        trace: false,
        shrinks: true,
        progress: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--nodes" => options.nodes = vec![value().parse().unwrap()],
            "--seeds" => options.seeds = value().parse().unwrap(),
            "--from" => options.from = value().parse().unwrap(),
            "--threads" => options.threads = value().parse().unwrap(),
            "--quorum" => {
                options.quorum = Some(if value() == "alive" { Quorum::Alive } else { Quorum::Majority });
            }
            "--pace" => options.paces = vec![if value() == "short" { Pace::Short } else { Pace::Long }],
            "--faults" => {
                let list = value();
                let numbers = list.split(',').filter(|number| *number != "none");
                options.faults = Some(numbers.map(|number| number.parse().unwrap()).collect());
            }
            "--trace" => options.trace = true,
            "--no-shrink" => options.shrinks = false,
            "--progress" => options.progress = true,
            other => panic!("{other}: not an option"),
        }
    }
    options
}

/// What several threads have done together.
#[derive(Default)]
struct Progress {
    next: AtomicU64,
    moves: AtomicU64,
    remains: AtomicU64,
    failed: Mutex<Option<(Plan, Broken)>>,
    done: AtomicBool,
}

impl Progress {
    /// Seeds are handed out in their order, until one fails.
    fn work(&self, wanted: &Wanted, options: &Options) {
        let end = options.from + options.seeds;
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= end || self.done.load(Ordering::Relaxed) {
                break;
            }
            let mut plan = Plan::new(wanted, seed);
            if let Some(kept) = &options.faults {
                plan.faults.retain(|fault| kept.contains(&fault.number));
            }
            match run(&plan, options.trace) {
                Ok(Tally { moves, remains }) => {
                    self.moves.fetch_add(moves, Ordering::Relaxed);
                    self.remains.fetch_max(remains, Ordering::Relaxed);
                }
                Err(broken) => self.fail(plan, broken),
            }
        }
    }

    /// The lowest of the seeds that failed is told.
    fn fail(&self, plan: Plan, broken: Broken) {
        self.done.store(true, Ordering::Relaxed);
        let mut failed = self.failed.lock().unwrap();
        if failed.as_ref().is_none_or(|(other, _)| plan.seed < other.seed) {
            *failed = Some((plan, broken));
        }
    }

    /// A line every minute.
    fn report(&self, options: &Options, begun: Instant) {
        let mut last = Instant::now();
        while !self.done.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(100));
            let hours = self.next.load(Ordering::Relaxed).saturating_sub(options.from).min(options.seeds);
            if hours == options.seeds {
                break;
            }
            if last.elapsed() >= Duration::from_secs(60) {
                last = Instant::now();
                let took = begun.elapsed().as_secs_f64();
                println!("  {hours} of {} hours, {:.0} a second", options.seeds, hours as f64 / took);
            }
        }
    }
}

fn pace_word(pace: Pace) -> &'static str {
    match pace {
        Pace::Long => "long",
        Pace::Short => "short",
    }
}

/// Tells of a seed that failed, and of the fewest of its faults that make it fail.
fn tell(plan: &Plan, broken: &Broken, options: &Options) {
    println!("{:?}, {} nodes, {} pace, seed {}: {broken}", plan.quorum, plan.nodes, pace_word(plan.pace), plan.seed);
    let quorum = match options.quorum {
        Some(Quorum::Majority) => " --quorum majority",
        Some(Quorum::Alive) => " --quorum alive",
        None => "",
    };
    let short = if options.shrinks { shrink(plan, broken) } else { plan.clone() };
    println!("{} of {} faults are enough:", short.faults.len(), plan.faults.len());
    let mut numbers: Vec<String> = Vec::new();
    for fault in &short.faults {
        println!("{fault}");
        numbers.push(fault.number.to_string());
    }
    let list = if numbers.is_empty() { "none".to_owned() } else { numbers.join(",") };
    println!(
        "cargo run --profile simulation --example simulate -- --nodes {} --pace {}{quorum} --seeds 1 --from {} --faults {list} --trace",
        plan.nodes,
        pace_word(plan.pace),
        plan.seed
    );
}

/// All seeds of one configuration; whether none failed.
fn simulate(wanted: &Wanted, options: &Options) -> bool {
    let begun = Instant::now();
    let progress = Progress { next: AtomicU64::new(options.from), ..Progress::default() };
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| progress.work(wanted, options));
        }
        if options.progress {
            scope.spawn(|| progress.report(options, begun));
        }
    });
    let failed = progress.failed.into_inner().unwrap();
    if let Some((plan, broken)) = failed {
        tell(&plan, &broken, options);
        return false;
    }
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{} nodes, {} pace: {} hours, {} moves, {took:.1} s, {:.0} hours a second, remains {:.3} s",
        wanted.nodes,
        pace_word(wanted.pace),
        options.seeds,
        progress.moves.into_inner(),
        options.seeds as f64 / took,
        progress.remains.into_inner() as f64 / 1e6,
    );
    true
}

fn main() -> ExitCode {
    let options = options();
    // A panic is told with its seed; its own message would stand between others.
    if !options.trace {
        std::panic::set_hook(Box::new(|_| ()));
    }
    for &pace in &options.paces {
        for &nodes in &options.nodes {
            if !simulate(&Wanted { nodes, quorum: options.quorum, pace }, &options) {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
