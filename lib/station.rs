//! Who we are on the wire: the options that hb-send and hb-listen share, and
//! what they come to together with ha.cf and authkeys.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::auth::KeyRing;
use crate::ha_cf::{self, HaCf};
use crate::key_watch::KeyWatch;
use crate::medium::{BAUD, Medium, PORT, read_baud};
use crate::{edge, name};

/// The options.
#[derive(Args, Debug)]
pub struct Options {
    /// Take media, nodes and times from this ha.cf, and keys from the authkeys beside it
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The file of keys
    #[arg(short = 'k', long, value_name = "FILE")]
    authkeys: Option<PathBuf>,
    /// A medium in the words of ha.cf, such as 'bcast eth1'; may be repeated
    #[arg(short = 'm', long, value_name = "MEDIUM")]
    medium: Vec<String>,
    /// The name of this node [default: that of the host]
    #[arg(short = 'N', long, value_name = "NAME", value_parser = name::node)]
    node: Option<String>,
    /// UDP port of the media given by --medium [default: udpport of ha.cf, or 694]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Speed of the serial lines given by --medium [default: baud of ha.cf, or 19200]
    #[arg(long, value_name = "BAUD", value_parser = read_baud)]
    baud: Option<u32>,
    /// Use crc on networks too, where anybody can forge it [default: allow_crc of ha.cf, or no]
    #[arg(long)]
    allow_crc: bool,
}

/// What they come to.
#[derive(Debug)]
pub struct Station {
    /// The name of our node.
    pub node: String,
    /// The keys.
    pub ring: KeyRing,
    /// Their file.
    pub keys: KeyWatch,
    /// The media, at least one.
    pub media: Vec<Medium>,
    /// ha.cf, where one was given.
    pub config: Option<HaCf>,
    /// Whether a crc is good enough for a network.
    pub is_crc_allowed: bool,
}

impl Options {
    /// Reads the files and checks that what they say can be used together.
    /// Nothing of the network is touched.
    ///
    /// # Errors
    /// A file cannot be read or is wrong; there is no key or no medium; the key
    /// to sign with is crc, and there is a network.
    pub fn read(self) -> anyhow::Result<Station> {
        let config = self.config.as_deref().map(ha_cf::read).transpose()?;
        let media = self.media(config.as_ref())?;
        let file = self.key_file().context("no keys: give --authkeys, or --config with authkeys beside it")?;
        let is_crc_allowed = self.allow_crc || config.as_ref().is_some_and(|config| config.allow_crc);
        let network = media.iter().find(|medium| medium.is_network() && !is_crc_allowed);
        let (keys, ring) = KeyWatch::open(file, network.map(ToString::to_string), edge::now())?;
        let node = match self.node {
            Some(node) => node,
            None => edge::host_name()?,
        };
        Ok(Station { node, ring, keys, media, config, is_crc_allowed })
    }

    fn media(&self, config: Option<&HaCf>) -> anyhow::Result<Vec<Medium>> {
        let port = self.port.or(config.map(|config| config.udpport)).unwrap_or(PORT);
        let baud = self.baud.or(config.map(|config| config.baud)).unwrap_or(BAUD);
        let read = |text: &String| {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            Medium::from_words(&words, port, baud).with_context(|| format!("--medium '{text}'"))
        };
        let given: Vec<Medium> = self.medium.iter().map(read).collect::<anyhow::Result<_>>()?;
        let media =
            if given.is_empty() { config.map(|config| config.media.clone()).unwrap_or_default() } else { given };
        let media = without_copies(media);
        ensure!(!media.is_empty(), "no medium: give --medium or --config");
        ensure!(media.len() <= ha_cf::MEDIA_MAX, "more than {} media", ha_cf::MEDIA_MAX);
        Ok(media)
    }

    fn key_file(&self) -> Option<PathBuf> {
        let beside = |config: &PathBuf| config.parent().unwrap_or(Path::new("")).join("authkeys");
        self.authkeys.clone().or_else(|| self.config.as_ref().map(beside))
    }
}

/// Each medium once: a message sent twice on one would look like a replay.
fn without_copies(media: Vec<Medium>) -> Vec<Medium> {
    let mut once: Vec<Medium> = Vec::with_capacity(media.len());
    for medium in media {
        if !once.contains(&medium) {
            once.push(medium);
        }
    }
    once
}
