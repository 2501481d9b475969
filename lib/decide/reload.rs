//! Policies that are changed while the node runs, by a record in the stream.

use crate::ha_cf::PingDamping;
use crate::record::Record;
use crate::time::parse_span;

use super::{Decide, Effect, FLAP_LIMIT_MAX, Strange, why};

impl Decide {
    /// Takes what a `config` record says over what was said before; keys that are not
    /// there stay as they are. What cannot be read changes nothing at all.
    ///
    /// # Errors
    /// A value is none.
    pub(super) fn configure(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let mut policy = self.view.settings.policy.clone();
        let span = |key| record.raw(key).map(parse_span).transpose().map_err(|_| Strange::Incomplete);
        policy.auto_failback = match record.raw("auto_failback") {
            Some("on" | "legacy") => true,
            Some("off") => false,
            Some(_) => return Err(Strange::Incomplete),
            None => policy.auto_failback,
        };
        policy.failback_delay = span("failback_delay")?.unwrap_or(policy.failback_delay);
        policy.failure_expiry = span("failure_expiry")?.unwrap_or(policy.failure_expiry);
        policy.flap_halflife = span("flap_halflife")?.unwrap_or(policy.flap_halflife);
        policy.fence_delay = span("fence_delay")?.unwrap_or(policy.fence_delay);
        if let Some(text) = record.raw("flap_limit") {
            let limit = text.parse().ok().filter(|limit| (1..=FLAP_LIMIT_MAX).contains(limit));
            policy.flap_limit = limit.ok_or(Strange::Incomplete)?;
        }
        policy.ping_damping = match record.raw("ping_damping") {
            Some("off") => PingDamping::Off,
            Some(_) => span("ping_damping")?.map_or(policy.ping_damping, PingDamping::Span),
            None => policy.ping_damping,
        };
        match record.raw("ping") {
            Some("-") => policy.ping.clear(),
            Some(list) => policy.ping = list.split(',').map(str::to_owned).collect(),
            None => {}
        }
        let settings = &mut self.view.settings;
        settings.policy = policy;
        if let Some(digest) = record.raw("digest") {
            settings.digest = digest.to_owned();
        }
        self.view.connectivity.configure(settings);
        self.view.fencing.configure(settings.policy.fence_delay);
        let text = "the policies of the configuration are those of now";
        effects.push(why(self.view.now, &settings.own, "config", text));
        Ok(())
    }
}
