//! What a call of ipaddr-agent asks for: its words, or the environment that OCF
//! gives it.

use std::env;
use std::fmt;
use std::io::{self, Write as _};

use crate::address::Spec;
use crate::called::Called;
use crate::edge;
use crate::manner::Manner;
use crate::namespace;
use crate::ocf::{self, Action, Code};
use crate::parameters::{Parameters, Passed};

/// How parameters are passed: their names in the environment begin so.
const PREFIX: &str = "OCF_RESKEY_";

/// The form of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The address is in the environment.
    Ocf,
    /// The addresses are arguments, as in haresources.
    Heartbeat,
}

/// Who calls, by which name and in which form: decides how it is told what is
/// wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name.
    pub called: Called,
    /// The form.
    pub form: Form,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The addresses.
    pub specs: Vec<Spec>,
    /// How they are installed and announced.
    pub manner: Manner,
    /// Whether this is the monitoring of what was started.
    pub recurring: bool,
}

impl Caller {
    /// Says what is wrong, in the way in which the caller expects it.
    pub fn complain(self, what: &dyn fmt::Display) {
        match self.form {
            Form::Heartbeat => edge::complain(self.called.word(), what),
            // A standard error that cannot be written to changes nothing.
            Form::Ocf => drop(writeln!(io::stderr(), "{}", ocf::exit_reason(what))),
        }
    }

    /// Reads what is asked for, and goes to the network namespace where that is.
    ///
    /// # Errors
    /// The status to end with: what is wrong was said.
    pub fn request(self, action: Action, words: &[String]) -> Result<Request, Code> {
        match self.form {
            Form::Ocf => self.of_environment(action),
            Form::Heartbeat => {
                let specs = self.called.specs(words).map_err(|why| {
                    self.complain(&why);
                    Code::Args
                })?;
                Ok(Request { specs, manner: self.called.manner(), recurring: false })
            }
        }
    }

    fn of_environment(self, action: Action) -> Result<Request, Code> {
        let parameter = |name: &str| Some(name.strip_prefix(PREFIX)?.to_owned());
        let passed: Passed = env::vars_os()
            .filter_map(|(name, value)| Some((parameter(name.to_str()?)?, value.to_string_lossy().into_owned())))
            .collect();
        let found = match action {
            Action::Stop => passed.place(self.called),
            _ => passed.read(self.called),
        };
        let Parameters { spec, manner, namespace, recurring } = found.map_err(|why| {
            self.complain(&why);
            // What cannot have been started is stopped.
            if action == Action::Stop { Code::Success } else { why.code(self.called) }
        })?;
        if let Some(name) = namespace {
            namespace::enter(&name).map_err(|error| {
                self.complain(&format_args!("network namespace {name}: {error}"));
                action.without_place(error.kind(), recurring)
            })?;
        }
        Ok(Request { specs: vec![spec], manner, recurring })
    }
}
