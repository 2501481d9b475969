//! ping-probe by fping's words: names, sockets, standard output and error
//! around [`fping`](crate::fping).

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::edge::{self, Output};
use crate::fping::{Said, Status, Teller};
use crate::fping_call::{self, Call, NAME, Wanted};
use crate::icmp::Family;
use crate::pinger::{self, Interim, Reporter};
use crate::pingsock::Sending;
use crate::probe::{Kept, Note, Prober, Report, Rules, Settings, Target};
use crate::time::Time;
use crate::{target_list, targets};

/// What `-h` says.
const HELP: &str = "\
Usage: fping [options] [target ...]
ping-probe by fping's words; standard input is the list where no target is named.
  -4, -6        only IPv4, only IPv6         -m            all addresses of a name
  -f FILE       targets of a file            -g            a prefix, or first and last
  -a            who answers                  -u            who does not
  -c N, -C N    N requests to each           -l            without end
  -p MS         between two to one target    -i MS         between any two
  -t MS         time-out                     -r N, -B X    tries after it, back-off
  -b N          bytes of data                -H N          hops
  -O N          type of service              -M            never in fragments
  -S ADDR       source address               -I NAME       interface
  -e            with the time                -A            by address
  -D            with the time of day         -o            with the outage
  -q            only the summary             -Q SECS       a summary so often
  -s            counts at the end            -x N          whether N answer
  -h            this                         -v            the version
Exit status: 0 all answer, 1 some do not, 2 no address, 3 wrong call, 4 failed here.
";

/// Does what fping would by these words.
pub fn run(words: &[String]) -> ExitCode {
    let wanted = match fping_call::parse(words) {
        Ok(Call::Ask(wanted)) => wanted,
        Ok(Call::Help) => return print(HELP),
        Ok(Call::Version) => return print(&format!("fping: ping-probe {}\n", env!("CARGO_PKG_VERSION"))),
        Err(error) => {
            edge::complain(NAME, &error);
            let _ = writeln!(io::stderr(), "see 'fping -h' for usage information");
            return Status::Usage.code().into();
        }
    };
    let started = edge::now();
    let asked = match named(&wanted) {
        Ok(names) => ask(&wanted, names, started),
        Err(error) if error.is::<targets::TargetsError>() => {
            edge::complain(NAME, &format_args!("{error:#}"));
            return Status::Usage.code().into();
        }
        Err(error) => Err(error),
    };
    match asked {
        Ok(status) => status.code().into(),
        Err(error) if edge::is_reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            edge::complain(NAME, &format_args!("{error:#}"));
            Status::System.code().into()
        }
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Status::System.code().into(),
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

/// The targets as they stand.
fn named(wanted: &Wanted) -> anyhow::Result<Vec<String>> {
    let mut named = Vec::new();
    match (wanted.generate, wanted.targets.as_slice()) {
        (true, [first, last]) => targets::expand(&format!("{first}-{last}"), &mut named)?,
        (true, words) => words.iter().try_for_each(|word| targets::expand(word, &mut named))?,
        (false, words) => words.iter().try_for_each(|word| targets::add(word, &mut named))?,
    }
    if let Some(file) = &wanted.file {
        target_list::each_word(Path::new(file), |word| Ok(targets::add(word, &mut named)?))?;
    }
    Ok(named)
}

fn ask(wanted: &Wanted, names: Vec<String>, started: Time) -> anyhow::Result<Status> {
    let (targets, nameless) = addresses(wanted, names);
    if targets.is_empty() && nameless == 0 {
        return Ok(Status::Unreachable);
    }
    let counting = wanted.count.is_some() || wanted.forever;
    let how = Sending {
        interface: wanted.interface.clone(),
        source: wanted.source,
        size: wanted.size,
        ttl: wanted.ttl,
        service: wanted.service,
        whole: wanted.whole,
    };
    let mut sockets = pinger::open(&targets, u16::from_be_bytes(pinger::random()?), &how)?;
    let settings = Settings {
        interval: wanted.period,
        timeout: wanted.timeout,
        count: if counting { wanted.count } else { Some(1) },
        deadline: None,
        gap: wanted.gap,
        stream: counting,
        quiet: false,
        rules: Rules::NONE,
        tally: Kept::Counts,
        notes: true,
        retries: if counting { 0 } else { wanted.retries },
        backoff: wanted.backoff,
        need: 1,
        key: pinger::random()?,
    };
    let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    let teller = Teller::new(wanted.manner, counting, wanted.size, wanted.period, &names, nameless);
    let mut voice = Voice { teller, output: Output::new() };
    let mut prober = Prober::new(settings, targets, edge::now());
    let every = wanted.every.filter(|_| counting);
    pinger::run(&mut prober, &mut sockets, every.map_or(Interim::Asked, Interim::Every), &mut voice)?;
    let (said, status) = voice.teller.finish(&prober, edge::now().since(started));
    voice.say(said)?;
    voice.output.flush()?;
    Ok(status)
}

/// The address of each name, and how many have none, which is said.
fn addresses(wanted: &Wanted, names: Vec<String>) -> (Vec<Target>, usize) {
    let fits = |family: Family| wanted.family.is_none_or(|only| only == family);
    let most = if wanted.every_address { usize::MAX } else { 1 };
    let (mut targets, mut nameless) = (Vec::new(), 0);
    for name in names {
        let found = target_list::resolve(&name).map_err(|error| {
            // The system's words stand behind the library's.
            let text = error.to_string();
            text.split_once(": ").map_or(text.clone(), |(_, why)| why.to_owned())
        });
        let found = found.and_then(|found| {
            let fitting: Vec<_> = found.into_iter().filter(|address| fits(Family::of(*address))).collect();
            if fitting.is_empty() { Err("Address family for hostname not supported".to_owned()) } else { Ok(fitting) }
        });
        match found {
            Ok(found) => targets.extend(found.into_iter().take(most).map(|address| Target {
                name: if wanted.manner.by_address { address.to_string() } else { name.clone() },
                address,
                group: None,
            })),
            Err(why) => {
                nameless += 1;
                if !wanted.manner.quiet {
                    let _ = writeln!(io::stderr(), "{name}: {why}");
                }
            }
        }
    }
    (targets, nameless)
}

/// Standard output and standard error.
struct Voice {
    teller: Teller,
    output: Output,
}

impl Voice {
    fn say(&mut self, said: impl IntoIterator<Item = Said>) -> anyhow::Result<()> {
        for said in said {
            match said {
                Said::Out(line) => self.output.line(&line)?,
                Said::Err(line) => {
                    // In the order in which it was said, where both are one.
                    self.output.flush()?;
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
        }
        Ok(())
    }
}

impl Reporter for Voice {
    fn report(&mut self, prober: &Prober, report: &Report) -> anyhow::Result<()> {
        let boot = i64::try_from(report.time.since(Time::ZERO).as_micros()).unwrap_or(i64::MAX);
        let said = self.teller.report(prober, report, boot.saturating_add(edge::wall_offset()));
        self.say(said)
    }

    fn note(&mut self, prober: &Prober, note: &Note) -> anyhow::Result<()> {
        let said = self.teller.note(prober, note);
        self.say(said)
    }

    fn interim(&mut self, prober: &mut Prober, _asked: bool, at: Time) -> anyhow::Result<()> {
        let boot = i64::try_from(at.since(Time::ZERO).as_secs()).unwrap_or(i64::MAX);
        let wall = boot.saturating_add(edge::wall_offset().div_euclid(1_000_000));
        let said = self.teller.interim(prober, wall);
        self.say(said)?;
        prober.forget_recent(at);
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.output.flush()?)
    }
}
