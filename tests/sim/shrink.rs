//! From the faults of an hour that fails to a short list that still does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::check::{Broken, Rule};
use crate::cluster::{Cluster, Tally};
use crate::story::{Fault, Plan};

/// Runs an hour; a panic is a failure as any other.
pub fn run(plan: &Plan, tracing: bool) -> Result<Tally, Broken> {
    let hour = || Cluster::new(plan.clone(), tracing).run();
    catch_unwind(AssertUnwindSafe(hour)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let text = words.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
        Err(Broken { rule: Rule::Panic, at: 0, text })
    })
}

/// Leaves faults out, first many at once and then one by one, as long as the same
/// rule is broken: Zeller's delta debugging. Without any of those that are left,
/// the rule holds.
pub fn shrink(plan: &Plan, broken: &Broken) -> Plan {
    let fails = |faults: &[Fault]| {
        let plan = Plan { faults: faults.to_vec(), ..plan.clone() };
        run(&plan, false).is_err_and(|other| other.rule == broken.rule)
    };
    let mut kept = plan.faults.clone();
    let mut parts = 2;
    while kept.len() > 1 {
        let size = kept.len().div_ceil(parts);
        let without = |start: usize| [&kept[..start], &kept[(start + size).min(kept.len())..]].concat();
        let shorter = (0..kept.len()).step_by(size).map(without).find(|faults| fails(faults));
        match shorter {
            Some(faults) => {
                kept = faults;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(kept.len()),
        }
    }
    if kept.len() == 1 && fails(&[]) {
        kept.clear();
    }
    Plan { faults: kept, ..plan.clone() }
}
