//! The nodes that are followed, with their links: bounded, so that no peer can
//! make the judge grow.

use std::collections::BTreeMap;

use crate::record::{Line, Record};

use super::node::{Link, LinkState, Node, link_line};
use super::{MANY, Settings, Strange};

#[derive(Debug)]
pub(super) struct Roster {
    own: Option<String>,
    nodes: BTreeMap<String, Node>,
    link_count: usize,
}

impl Roster {
    pub(super) fn new(settings: &Settings) -> Roster {
        let expected = |name: &String| {
            let mut node = Node::new(true);
            node.links = settings.links.iter().map(|via| (via.clone(), Link::new())).collect();
            (name.clone(), node)
        };
        let nodes: BTreeMap<String, Node> = settings.peers.iter().map(expected).collect();
        let link_count = nodes.values().map(|node| node.links.len()).sum();
        Roster { own: settings.own.clone(), nodes, link_count }
    }

    /// The nodes in the order of their names.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Node)> {
        self.nodes.iter_mut()
    }

    /// Credits the link that a record came over. Gives its node; `None` when it
    /// is this one.
    pub(super) fn hear<'a>(
        &mut self,
        record: &Record<'a>,
        via: Option<&str>,
        verdicts: &mut Vec<Line>,
    ) -> Result<Option<(&'a str, &mut Node)>, Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        if self.own.as_deref() == Some(name) {
            return Ok(None);
        }
        let via = via.ok_or(Strange::Incomplete)?;
        if self.nodes.get(name).is_none_or(|node| !node.links.contains_key(via)) {
            if self.link_count >= MANY || (self.nodes.len() >= MANY && !self.nodes.contains_key(name)) {
                return Err(Strange::TooMany);
            }
            self.link_count += 1;
            let node = self.nodes.entry(name.to_owned()).or_insert_with(|| Node::new(false));
            node.links.insert(via.to_owned(), Link::new());
        }
        let Some(node) = self.nodes.get_mut(name) else { return Ok(None) };
        let state = node.link_state();
        let Some(link) = node.links.get_mut(via) else { return Ok(None) };
        if matches!(link.state, LinkState::Init | LinkState::Dead) {
            link.state = state;
            verdicts.push(link_line(record.time, name, via, state));
        }
        link.heard = link.heard.max(Some(record.time));
        Ok(Some((name, node)))
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.nodes.len(), self.link_count)
    }
}
