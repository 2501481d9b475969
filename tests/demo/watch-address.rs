//! watch-address: who holds an address, and who answers for it. A part of the
//! benchmarks and of the soak, not a tool, and on purpose without anything of
//! what it measures: it asks the kernel of each node and the client's own socket.
//!
//! ```text
//! T held NODE           the kernel of the node has the address
//! T gone NODE           it has it no more
//! T ok NODE LATENCY     asked at T, answered by this node LATENCY seconds later
//! T late SECONDS        this program itself was paused
//! ```
//! T is CLOCK_BOOTTIME in seconds. A responder is kept in each node's namespace,
//! which is not a process of that node: it lives as long as the node has a network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and reports to people"
)]

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use clap::Parser;
use netlink_packet_core::NetlinkMessage;
use netlink_packet_core::NetlinkPayload::InnerMessage;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::RouteNetlinkMessage::{DelAddress, NewAddress};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::sockopt::Ipv4PacketInfo;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt};
use nix::time::{ClockId, clock_gettime};

/// Watch who holds an IPv4 address and who answers for it
#[derive(Parser)]
struct Args {
    /// The address
    address: Ipv4Addr,
    /// The namespace of the client
    #[arg(long)]
    client: String,
    /// Milliseconds between two requests
    #[arg(long, default_value_t = 1)]
    interval: u64,
    /// NAME=NAMESPACE
    nodes: Vec<String>,
}

/// The port of the responders.
const PORT: u16 = 7007;
/// RTNLGRP_IPV4_IFADDR (linux/rtnetlink.h).
const ADDRESSES: u32 = 5;

fn main() {
    let args = Args::parse();
    let (tell, told) = channel();
    for node in &args.nodes {
        let (name, namespace) = node.split_once('=').expect("NAME=NAMESPACE");
        let (address, name, tell) = (args.address, name.to_owned(), tell.clone());
        inside(namespace, move || {
            let own = name.clone();
            thread::spawn(move || respond(&own));
            observe(address, &name, &tell);
        });
    }
    let (address, interval) = (args.address, Duration::from_millis(args.interval));
    inside(&args.client, move || ask(address, interval, &tell));
    print(&told);
}

/// What is told, in the order in which it is told, until nobody reads.
fn print(told: &Receiver<String>) {
    let mut out = io::stdout().lock();
    while let Ok(line) = told.recv() {
        let mut text = line;
        while let Ok(next) = told.try_recv() {
            text.push_str(&next);
        }
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

/// A thread in a namespace; its sockets, and its threads, are of that.
fn inside(namespace: &str, work: impl FnOnce() + Send + 'static) {
    let file = File::open(format!("/run/netns/{namespace}")).expect(namespace);
    thread::spawn(move || {
        setns(&file, CloneFlags::CLONE_NEWNET).unwrap();
        work();
    });
}

fn now() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap();
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}

fn has(message: &AddressMessage, address: Ipv4Addr) -> bool {
    message.attributes.iter().any(|attribute| matches!(attribute, AddressAttribute::Local(local) if *local == address))
}

/// Tells when the address comes and goes. A change of lifetimes is told by the
/// kernel as the same address once more.
fn observe(address: Ipv4Addr, name: &str, tell: &Sender<String>) {
    let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
    socket.bind(&SocketAddr::new(0, 0)).unwrap();
    socket.add_membership(ADDRESSES).unwrap();
    let mut held = false;
    loop {
        let (bytes, _) = socket.recv_from_full().unwrap();
        let at = now();
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&bytes).unwrap();
        let next = match &message.payload {
            InnerMessage(NewAddress(message)) if has(message, address) => true,
            InnerMessage(DelAddress(message)) if has(message, address) => false,
            _ => continue,
        };
        if next != held {
            held = next;
            let _ = tell.send(format!("{at:.6} {} {name}\n", if held { "held" } else { "gone" }));
        }
    }
}

/// Answers each request with the node's name, from the address that was asked.
fn respond(name: &str) {
    let socket = UdpSocket::bind(("0.0.0.0", PORT)).unwrap();
    setsockopt(&socket, Ipv4PacketInfo, &true).unwrap();
    let mut space = nix::cmsg_space!(nix::libc::in_pktinfo);
    loop {
        let mut bytes = [0; 64];
        let mut buffers = [IoSliceMut::new(&mut bytes)];
        let Ok(got) = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut buffers, Some(&mut space), MsgFlags::empty())
        else {
            continue;
        };
        let info = got.cmsgs().unwrap().find_map(|message| match message {
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(info),
            _ => None,
        });
        let (from, size) = (got.address, got.bytes);
        let Some(mut info) = info else { continue };
        info.ipi_spec_dst = info.ipi_addr;
        info.ipi_ifindex = 0;
        let text = format!("{} {name}", String::from_utf8_lossy(&bytes[..size]));
        // A node without a network, or without the address, cannot answer.
        let _ = sendmsg(
            socket.as_raw_fd(),
            &[IoSlice::new(text.as_bytes())],
            &[ControlMessage::Ipv4PacketInfo(&info)],
            MsgFlags::empty(),
            from.as_ref(),
        );
    }
}

/// Asks at fixed points in time, and tells each answer.
fn ask(address: Ipv4Addr, interval: Duration, tell: &Sender<String>) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let (other, answers) = (socket.try_clone().unwrap(), tell.clone());
    thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok((size, _)) = other.recv_from(&mut bytes) {
            let at = now();
            let text = String::from_utf8_lossy(&bytes[..size]).into_owned();
            if let Some((asked, name)) = text.split_once(' ')
                && let Ok(time) = asked.parse::<f64>()
            {
                let _ = answers.send(format!("{asked} ok {name} {:.6}\n", at - time));
            }
        }
    });
    let mut last = now();
    loop {
        let at = now();
        if at - last > 0.05 {
            let _ = tell.send(format!("{at:.6} late {:.6}\n", at - last));
        }
        last = at;
        let _ = socket.send_to(format!("{at:.6}").as_bytes(), (address, PORT));
        thread::sleep(interval);
    }
}
