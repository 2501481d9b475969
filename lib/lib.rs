//! hbkit: what the tools share. This page is the map.
//!
//! **Pure** modules take what they need as arguments, time included, and return
//! what is to be done. They open no socket and no file, and read neither a clock
//! nor the environment; a recorded stream gives the same answer on any machine.
//!
//! | module | concept |
//! |---|---|
//! | [`time`] | points on the host's boot clock, and how people write spans |
//! | [`name`] | names of nodes and groups |
//! | [`record`] | one line between two tools: parse, build, escape |
//! | [`medium`] | what a heartbeat travels on: bcast, ucast, mcast, serial |
//! | [`auth`] | keys, methods, digests, verification |
//! | [`message`] | ordered, typed fields, and what every message says of itself |
//! | [`netstring`] | the format of networks |
//! | [`classic`] | the format of serial lines |
//! | [`base64`] | binary values in classic messages |
//! | [`wire`] | the one door for bytes of others: verify, then parse |
//! | [`problem`] | what is wrong in a configuration: file, line, words |
//! | [`conf_lines`] | the lines of a configuration file |
//! | [`ha_cf`] | nodes, times, media, ping nodes (`read` alone touches the file) |
//! | [`haresources`] | groups and their resources (`read` alone touches the file) |
//! | [`authkeys`] | the file of keys (`read` and `examine` alone touch the file) |
//! | [`judge`] | the failure detector: from records to verdicts |
//! | [`announce`] | what a node says of itself in every heartbeat |
//! | [`decide`] | who serves: from verdicts and announcements to actions |
//!
//! **Edges** touch the system, and decide nothing.
//!
//! | module | touches |
//! |---|---|
//! | [`edge`] | the clocks, standard output, exit statuses |
//! | [`lines`] | a descriptor that lines are read from |
//! | [`conf_file`] | a configuration file as bytes |
//! | [`filter`] | the loop of a filter: standard input, output, complaints |

pub mod announce;
pub mod auth;
pub mod authkeys;
pub mod base64;
pub mod classic;
pub mod conf_file;
pub mod conf_lines;
pub mod decide;
pub mod edge;
pub mod filter;
pub mod ha_cf;
pub mod haresources;
pub mod judge;
pub mod lines;
pub mod medium;
pub mod message;
pub mod name;
pub mod netstring;
pub mod problem;
pub mod record;
pub mod time;
pub mod wire;
