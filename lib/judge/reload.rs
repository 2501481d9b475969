//! Times and ping nodes that are changed while the node runs, by a record in the
//! stream.

use crate::record::Record;
use crate::time::parse_span;

use super::ping::PingNode;
use super::{Judge, MANY, Strange};

impl Judge {
    /// Takes what a `config` record says over what was said before; keys that are not
    /// there stay as they are. What cannot be read changes nothing at all. A ping node
    /// that is not expected any more is forgotten.
    ///
    /// # Errors
    /// A value is none, or there are too many.
    pub(super) fn configure(&mut self, record: &Record<'_>) -> Result<(), Strange> {
        let span = |key, now| match record.raw(key).map(parse_span) {
            Some(Ok(span)) => Ok(span),
            Some(Err(_)) => Err(Strange::Incomplete),
            None => Ok(now),
        };
        let settings = &self.settings;
        let warntime = span("warntime", settings.warntime)?;
        let initdead = span("initdead", settings.initdead)?;
        let deadping = span("deadping", settings.deadping)?;
        if let Some(list) = record.raw("ping") {
            let names: Vec<&str> = list.split(',').filter(|name| *name != "-").collect();
            if names.len() > MANY {
                return Err(Strange::TooMany);
            }
            let before = self.ping.keys().filter(|name| !names.contains(&name.as_str()));
            self.forgotten = before.cloned().collect();
            self.ping.retain(|name, _| names.contains(&name.as_str()));
            for name in names {
                self.ping.entry(name.to_owned()).or_insert_with(PingNode::new);
            }
        }
        (self.settings.warntime, self.settings.initdead, self.settings.deadping) = (warntime, initdead, deadping);
        Ok(())
    }
}
