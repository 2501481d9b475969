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
//! | [`life`] | a life on the wire that outlasts its process |
//! | [`netstring`] | the format of networks |
//! | [`classic`] | the format of serial lines |
//! | [`replay`] | which messages were heard before, and where |
//! | [`refused`] | counts of what was refused, at a bounded rate |
//! | [`serial_stream`] | messages in the bytes of a serial line |
//! | [`inflate`] | messages that were compressed as a whole |
//! | [`gaps`] | which messages are missing, and when to ask for them |
//! | [`outgoing`] | our own messages: fields, numbers |
//! | [`history`] | our latest messages, for those who missed some |
//! | [`answers`] | what Heartbeat's nodes expect of their peers beside heartbeats |
//! | [`backlog`] | lines that wait for who may not read them; the oldest go |
//! | [`budget`] | so many in a time, and no more |
//! | [`pace`] | a schedule at absolute points |
//! | [`silence`] | when a silence is long enough to mean something |
//! | [`json`] | records as JSON lines |
//! | [`arrival`] | when a datagram came, and on which medium |
//! | [`hearing`] | from bytes that came in to records |
//! | [`wire`] | the one door for bytes of others: verify, then parse |
//! | [`problem`] | what is wrong in a configuration: file, line, words |
//! | [`conf_lines`] | the lines of a configuration file |
//! | [`ha_cf`] | nodes, times, media, ping nodes (`read` alone touches the file) |
//! | [`haresources`] | groups and their resources (`read` alone touches the file) |
//! | [`care`] | time-outs and watch of resources, by rules |
//! | [`script`] | the script of a resource: where it is, and why it does not run |
//! | [`monitor`] | the resources of groups that run: when they are asked, restarted, given up |
//! | [`cluster`] | checks across the three files; the digest of what must be equal |
//! | [`respawn`] | when a program that has ended is started again |
//! | [`watchdog`] | when a watchdog is armed, fed and disarmed |
//! | [`reload`] | what of a configuration can change while a node runs |
//! | [`migrate`] | ha.cf with advice in it |
//! | [`authkeys`] | the file of keys (`read` and `examine` alone touch the file) |
//! | [`standing`] | what mode, owner and directories of a file of secrets mean |
//! | [`rotation`] | a key more, another one to sign with, a key less, in the file of keys |
//! | [`signers`] | which key each node was last heard to sign with |
//! | [`fingerprints`] | files of keys compared without their keys |
//! | [`judge`] | the failure detector: from records to verdicts |
//! | [`suggest`] | from a recording to times that suit it |
//! | [`spread`] | how spans of time are distributed, in bounded memory |
//! | [`phi`] | how much silence is too much, by the intervals that were seen |
//! | [`beat`] | when the next heartbeat is due |
//! | [`announce`] | what a node says of itself in every heartbeat |
//! | [`echo`] | what a node last heard from each of its peers, and on which media |
//! | [`votes`] | who promised which group to whom, and until when |
//! | [`decide`] | who serves: from verdicts and announcements to actions |
//! | [`dialect`] | the same beside a node of Heartbeat, in its protocol |
//! | [`engine`] | which of the two decides |
//! | [`tale`] | the story of one group, for a person |
//! | [`chronicle`] | records as sentences, and which of them tell what happened |
//! | [`wall`] | boot time as dates |
//! | [`overview`] | how everything stands |
//! | [`picture`] | whether that can be believed, what is wrong, and how it is shown |
//! | [`outcome`] | what becomes of a request |
//! | [`address`] | a floating address as people write it |
//! | [`interface`] | a network interface, and what can be done on it |
//! | [`parameters`] | the parameters of OCF's agents for addresses |
//! | [`called`] | the names by which ipaddr-agent is called |
//! | [`meta_data`] | the description of ipaddr-agent for cluster managers |
//! | [`carrier`] | whether the interfaces of groups carry anything |
//! | [`manner`] | how a floating address is installed and announced, beside what it is |
//! | [`floating`] | what there is of a floating address on a host, and its lifetime |
//! | [`hold`] | addresses under leases: when they get lifetimes, when they go |
//! | [`route`] | which interface an address belongs on |
//! | [`arp`] | gratuitous ARP |
//! | [`ndisc`] | unsolicited neighbour advertisements |
//! | [`gratuitous`] | the frames that announce an address |
//! | [`solicitation`] | the question who has an IPv6 address |
//! | [`sighting`] | what a frame says of who has an address |
//! | [`question`] | the frame that asks who has an address |
//! | [`inquiry`] | who else has an address: when to ask, what it comes to |
//! | [`claims`] | which claims of others are said, and when an address is defended |
//! | [`heartbeat_call`] | the words by which Heartbeat's send_arp is called |
//! | [`patience`] | how long a command may take, and how it is ended |
//! | [`utterance`] | what a command says, as bounded lines for a person |
//! | [`heartbeat_words`] | what Heartbeat reads out of what a status prints |
//! | [`schedule`] | when an address is announced again |
//! | [`ocf`] | actions and exit statuses of the Open Cluster Framework |
//! | [`icmp`] | echo requests, answers and errors of ICMP and ICMPv6 |
//! | [`targets`] | lists, prefixes and ranges of targets |
//! | [`probe`] | what to send to whom, and what is known of each target |
//! | [`fping_call`] | the words by which fping is called |
//! | [`fping`] | what fping says |
//!
//! **Edges** touch the system, and decide nothing.
//!
//! | module | touches |
//! |---|---|
//! | [`edge`] | the clocks, standard output, exit statuses |
//! | [`lines`] | a descriptor that lines are read from |
//! | [`conf_file`] | a configuration file as bytes |
//! | [`conf_set`] | the three files of a directory, and this host |
//! | [`configuration`] | ha.cf and haresources of a directory, read and put elsewhere |
//! | [`filter`] | the loop of a filter: standard input, output, complaints |
//! | [`state_file`] | the file that a next hb-decide inherits from |
//! | [`deciding`] | hb-decide: standard input and output, the ways to hb-send and to the keeper |
//! | [`request`] | the environment: what a call of ipaddr-agent asks for |
//! | [`namespace`] | the network namespace of this process |
//! | [`netlink`] | the kernel's tables of interfaces, addresses and routes |
//! | [`address_list`] | standard input: addresses, one a line |
//! | [`outlet`] | the kernel's tables: on which interfaces an address is announced |
//! | [`survey`] | the wires and standard output: who else has an address |
//! | [`sentry`] | the wires, as long as it runs: who claims an address of this host |
//! | [`pid_file`] | a file with a process id, and the process that it names |
//! | [`rawsock`] | sockets for whole Ethernet frames |
//! | [`telling`] | the wires: what send-arp announces, to everybody or to some |
//! | [`announcer`] | the clock and the wires: the rounds of a schedule |
//! | [`lookout`] | the wires, for those who claim addresses |
//! | [`sysctl`] | settings of an interface under /proc/sys |
//! | [`agent`] | one floating address: all of what ipaddr-agent does to it |
//! | [`holder`] | a process that holds addresses: lines, the kernel's news, the time |
//! | [`attendant`] | a process that looks after groups: lines, the time, commands |
//! | [`errand`] | a command that runs beside us |
//! | [`realtime`] | priority and memory of a process that must be on time |
//! | [`nursery`] | programs that run as other users, and are started again |
//! | [`watchdog_device`] | a watchdog of the kernel |
//! | [`secret_file`] | a file of secrets: read, newly written, and changed |
//! | [`target_list`] | a list of targets, and the name server |
//! | [`ping_records`] | standard output: what ping-probe says |
//! | [`pinger`] | the loop of ping-probe: sockets, signals, the clock |
//! | [`as_fping`] | ping-probe by fping's words: names, sockets, both outputs |
//! | [`pingsock`] | a socket for echo requests, unprivileged where it may |
//! | [`signals`] | signals as descriptors; waiting for descriptors |
//! | [`udp`] | sockets of networks |
//! | [`serial`] | serial lines |
//! | [`transmitter`] | every medium that a node sends on |
//! | [`receiver`] | every medium that a node listens on, as one stream |
//! | [`key_watch`] | the file of keys, read again when it changes |
//! | [`forward`] | the descriptor that leads to hb-send |
//! | [`tap`] | the FIFO that leads to the keeper of records |
//! | [`keeper`] | standard input, the rings, and the file of the status |
//! | [`passage`] | both outputs, of which nobody is made to wait for the reader |
//! | [`ring`] | files of lines, of which the oldest goes |
//! | [`script_host`] | the environment, and the disk: where this host has its scripts |
//! | [`place`] | the environment, and the directory of hb-supervise |
//! | [`station`] | the options and files of hb-send and hb-listen |
//! | [`voice`] | our messages, numbered, signed and sent |
//! | [`succession`] | who speaks: an earlier process's life, or a new one |
//! | [`life_file`] | the file of a life: one process at a time |
//! | [`offspring`] | a command and all that it starts, as processes |
//! | [`relay`] | a command's output, on its way to standard error |
//! | [`ward`] | one command under a time-out |
//! | [`identity`] | the state directory: generation and uuid |

pub mod address;
pub mod address_list;
pub mod agent;
pub mod announce;
pub mod announcer;
pub mod answers;
pub mod arp;
pub mod arrival;
pub mod as_fping;
pub mod attendant;
pub mod auth;
pub mod authkeys;
pub mod backlog;
pub mod beat;
pub mod budget;
pub mod called;
pub mod care;
pub mod carrier;
pub mod chronicle;
pub mod claims;
pub mod classic;
pub mod cluster;
pub mod conf_file;
pub mod conf_lines;
pub mod conf_set;
pub mod configuration;
pub mod decide;
pub mod deciding;
pub mod dialect;
pub mod echo;
pub mod edge;
pub mod engine;
pub mod errand;
pub mod filter;
pub mod fingerprints;
pub mod floating;
pub mod forward;
pub mod fping;
pub mod fping_call;
pub mod gaps;
pub mod gratuitous;
pub mod ha_cf;
pub mod haresources;
pub mod hearing;
pub mod heartbeat_call;
pub mod heartbeat_words;
pub mod history;
pub mod hold;
pub mod holder;
pub mod icmp;
pub mod identity;
pub mod inflate;
pub mod inquiry;
pub mod interface;
pub mod json;
pub mod judge;
pub mod keeper;
pub mod key_watch;
pub mod life;
pub mod life_file;
pub mod lines;
pub mod lookout;
pub mod manner;
pub mod medium;
pub mod message;
pub mod meta_data;
pub mod migrate;
pub mod monitor;
pub mod name;
pub mod namespace;
pub mod ndisc;
pub mod netlink;
pub mod netstring;
pub mod nursery;
pub mod ocf;
pub mod offspring;
pub mod outcome;
pub mod outgoing;
pub mod outlet;
pub mod overview;
pub mod pace;
pub mod parameters;
pub mod passage;
pub mod patience;
pub mod phi;
pub mod picture;
pub mod pid_file;
pub mod ping_records;
pub mod pinger;
pub mod pingsock;
pub mod place;
pub mod probe;
pub mod problem;
pub mod question;
pub mod rawsock;
pub mod realtime;
pub mod receiver;
pub mod record;
pub mod refused;
pub mod relay;
pub mod reload;
pub mod replay;
pub mod request;
pub mod respawn;
pub mod ring;
pub mod rotation;
pub mod route;
pub mod schedule;
pub mod script;
pub mod script_host;
pub mod secret_file;
pub mod sentry;
pub mod serial;
pub mod serial_stream;
pub mod sighting;
pub mod signals;
pub mod signers;
pub mod silence;
pub mod solicitation;
pub mod spread;
pub mod standing;
pub mod state_file;
pub mod station;
pub mod succession;
pub mod suggest;
pub mod survey;
pub mod sysctl;
pub mod tale;
pub mod tap;
pub mod target_list;
pub mod targets;
pub mod telling;
pub mod time;
pub mod transmitter;
pub mod udp;
pub mod utterance;
pub mod voice;
pub mod votes;
pub mod wall;
pub mod ward;
pub mod watchdog;
pub mod watchdog_device;
pub mod wire;
