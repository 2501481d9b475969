//! The tools and scripts from outside: one module a tool, as a script runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may panic, waits against the clock and reports to people"
)]

mod answerer;
mod authkey_check;
mod capture;
mod duplicates;
mod fping;
mod hb_ask;
mod hb_config;
mod hb_decide;
mod hb_fence;
mod hb_judge;
mod hb_listen;
mod hb_log;
mod hb_monitor;
mod hb_resource;
mod hb_resources;
mod hb_respawn;
mod hb_run;
mod hb_send;
mod hb_standby;
mod hb_status;
mod hb_supervise;
mod hb_watchdog;
mod hb_why;
mod health;
mod heartbeat;
mod heartbeat_lab;
mod heartbeat_resources;
mod hold;
mod house;
mod ipaddr_agent;
mod lab;
mod mangled;
mod ocf;
mod ping_loop;
mod ping_probe;
mod ping_wire;
#[allow(dead_code, reason = "the simulation uses all of it")]
#[path = "../sim/random.rs"]
mod random;
mod readme;
mod replayed;
mod scenarios;
mod send_arp;
mod timeline;
mod wire;
