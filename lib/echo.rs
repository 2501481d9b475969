//! What a node says that it last heard from each of its peers: the field `echo`
//! of an announcement.
//!
//! A list of `NODE:INCARNATION:SEQUENCE:AGE` joined by commas, the age in
//! milliseconds. A fifth part may follow: `+MEDIUM` for each medium on which the
//! node is heard, `!MEDIUM` for each on which it is not. Readers ignore parts
//! behind the fourth that they do not know, and what is not named is not known.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::time::Time;

/// The most media that are told of one peer.
const MEDIA: usize = 8;

/// The longest name of a medium that is told.
const NAME: usize = 32;

/// The room for media in one announcement, in bytes: of all peers together.
pub const ROOM: usize = 256;

/// What a node says of another, as it stands in the announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo<'a> {
    /// The life of the other that was heard.
    pub incarnation: &'a str,
    /// The number of the message that was heard last.
    pub sequence: u64,
    /// How long ago that was when this was said.
    pub age: Duration,
    media: &'a str,
}

impl Echo<'_> {
    /// Whether the other is heard on a medium, by its name; `None` when the node
    /// does not say.
    pub fn medium(&self, name: &str) -> Option<bool> {
        let mut rest = self.media;
        loop {
            let is_heard = rest.starts_with('+');
            let told = rest.strip_prefix(['+', '!'])?;
            let end = told.find(['+', '!']).unwrap_or(told.len());
            if &told[..end] == name {
                return Some(is_heard);
            }
            rest = &told[end..];
        }
    }
}

/// What the list says of `node`.
pub fn find<'a>(list: &'a str, node: &str) -> Option<Echo<'a>> {
    let part = list.split(',').find_map(|part| part.strip_prefix(node)?.strip_prefix(':'))?;
    let mut words = part.splitn(4, ':');
    let incarnation = words.next()?;
    let sequence = u64::from_str_radix(words.next()?, 16).ok()?;
    let age = Duration::from_millis(words.next()?.parse().ok()?);
    Some(Echo { incarnation, sequence, age, media: words.next().unwrap_or("") })
}

/// On which media a peer is heard: bounded, because its messages may name any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media(BTreeMap<String, bool>);

impl Media {
    /// Takes that the peer is heard on a medium, or is not. What is too long, too
    /// much or could not be told apart in the list is left out.
    pub fn note(&mut self, medium: &str, is_heard: bool) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-:/@".contains(&b);
        if medium.is_empty() || medium.len() > NAME || !medium.bytes().all(plain) {
            return;
        }
        if let Some(known) = self.0.get_mut(medium) {
            *known = is_heard;
        } else if self.0.len() < MEDIA {
            self.0.insert(medium.to_owned(), is_heard);
        }
    }

    /// As the list says it, in at most `room` bytes, which become fewer. The media
    /// on which the peer is not heard come first, being the news.
    fn told(&self, room: &mut usize) -> String {
        let mut text = String::new();
        for wanted in [false, true] {
            for (name, _) in self.0.iter().filter(|(_, is_heard)| **is_heard == wanted) {
                if *room > name.len() {
                    *room -= name.len() + 1;
                    text.push(if wanted { '+' } else { '!' });
                    text.push_str(name);
                }
            }
        }
        text
    }
}

/// One part of the list: a message that was heard at `heard`, told at `now`.
pub fn part(
    node: &str,
    (incarnation, sequence, heard): (&str, u64, Time),
    now: Time,
    media: &Media,
    room: &mut usize,
) -> String {
    let mut text = format!("{node}:{incarnation}:{sequence:x}:{}", now.since(heard).as_millis());
    let told = media.told(room);
    if !told.is_empty() {
        // Writing into a string cannot fail.
        let _ = write!(text, ":{told}");
    }
    text
}

#[cfg(test)]
mod tests;
