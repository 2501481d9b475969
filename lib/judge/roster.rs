//! The nodes that are followed, with their links: bounded, so that no peer can
//! make the judge grow.

use crate::record::Line;
use crate::time::Time;

use super::node::{Link, LinkState, Node, link_line};
use super::{MANY, Settings, Strange};

#[derive(Debug)]
pub(super) struct Roster {
    own: Option<String>,
    /// In the order of their names, and their links too: searched in two halves
    /// for every message.
    nodes: Vec<(String, Node)>,
    link_count: usize,
    /// Which node was heard last.
    last: usize,
}

impl Roster {
    pub(super) fn new(settings: &Settings) -> Roster {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names.dedup();
            names
        };
        let links: Vec<(String, Link)> = sorted(&settings.links).into_iter().map(|via| (via, Link::new())).collect();
        let expected = |name| {
            let mut node = Node::new(true);
            node.links.clone_from(&links);
            (name, node)
        };
        let nodes: Vec<(String, Node)> = sorted(&settings.peers).into_iter().map(expected).collect();
        Roster { own: settings.own.clone(), link_count: nodes.len() * links.len(), nodes, last: 0 }
    }

    /// The nodes in the order of their names.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Node)> {
        self.nodes.iter_mut().map(|(name, node)| (&*name, node))
    }

    /// Credits the link that a record came over. Gives its node; `None` when it
    /// is this one.
    pub(super) fn hear(
        &mut self,
        time: Time,
        name: Option<&[u8]>,
        via: Option<&[u8]>,
        verdicts: &mut Vec<Line>,
    ) -> Result<Option<(&str, &mut Node)>, Strange> {
        let name = name.ok_or(Strange::Incomplete)?;
        if self.own.as_ref().is_some_and(|own| own.as_bytes() == name) {
            return Ok(None);
        }
        let via = via.ok_or(Strange::Incomplete)?;
        let full = self.link_count >= MANY;
        let at = match self.locate(name) {
            Ok(at) => at,
            Err(_) if full || self.nodes.len() >= MANY => return Err(Strange::TooMany),
            Err(at) => {
                self.nodes.insert(at, (text(name)?, Node::new(false)));
                at
            }
        };
        let (name, node) = &mut self.nodes[at];
        let hears = node.hears;
        let at = match node.locate_link(via) {
            Ok(at) => at,
            Err(_) if full => return Err(Strange::TooMany),
            Err(at) => {
                node.links.insert(at, (text(via)?, Link::new()));
                self.link_count += 1;
                at
            }
        };
        let (via, link) = &mut node.links[at];
        if matches!(link.state, LinkState::Init | LinkState::Dead | LinkState::OneWayOut) {
            link.state = link.heard_state(hears);
            verdicts.push(link_line(time, name, via, link.state));
        }
        link.heard = link.heard.max(Some(time));
        Ok(Some((name, node)))
    }

    /// Where a node stands, or would. Nodes send at their intervals, so that the
    /// one that was heard after the last one before is most often the next again.
    fn locate(&mut self, name: &[u8]) -> Result<usize, usize> {
        let guess = self.nodes.get(self.last).map_or(0, |(_, last)| last.followed_by);
        if self.nodes.get(guess).is_some_and(|(known, _)| known.as_bytes() == name) {
            self.last = guess;
            return Ok(guess);
        }
        let found = find(&self.nodes, name)?;
        if let Some((_, last)) = self.nodes.get_mut(self.last) {
            last.followed_by = found;
        }
        self.last = found;
        Ok(found)
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.nodes.len(), self.link_count)
    }
}

/// Where `name` stands in a list that is sorted by name, or would.
pub(super) fn find<T>(list: &[(String, T)], name: &[u8]) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| known.as_bytes().cmp(name))
}

/// A name that comes from a record is UTF-8.
fn text(name: &[u8]) -> Result<String, Strange> {
    String::from_utf8(name.to_vec()).map_err(|_| Strange::Incomplete)
}
