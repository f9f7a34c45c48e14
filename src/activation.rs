//! Sockets that the service manager bound for this process, and keeps: a restart refuses nobody, connections wait until the next process takes them.
//!
//! `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` as sd_listen_fds(3) describes them. Callers: `cli` takes the sockets over before there are threads,
//! `app` listens on them. Tests: `tests/it/serve/activation.rs`.

use socket2::{Domain, SockRef, Type};
use std::net::TcpListener;
use std::os::fd::{FromRawFd as _, OwnedFd};

/// Listeners that take sockets over, as `FileDescriptorName=` names them.
const NAMES: [&str; 4] = ["web", "api", "payments", "admin"];
/// The listener of a socket whose unit gives it no name.
const UNNAMED: &str = "web";

/// Why a socket of the service manager cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ActivationError {
    /// The variables, or a descriptor that is not open.
    #[error(
        "what the service manager passes cannot be understood (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES): {0}; a descriptor is missing, or a number or name is wrong"
    )]
    Variables(#[source] std::io::Error),
    /// No listening TCP socket.
    #[error(
        "the socket \"{name}\" of the service manager is no TCP socket that listens: its unit needs ListenStream=address:port, and Accept=no"
    )]
    NoListener {
        /// Name.
        name: String,
    },
    /// Nobody takes it.
    #[error(
        "the service manager passes a socket \"{name}\", but this process has no such listener; FileDescriptorName= is one of web, api, payments, admin"
    )]
    NoTaker {
        /// Name.
        name: String,
    },
}

/// The sockets that nobody has taken yet.
#[derive(Debug, Default)]
pub struct PassedSockets(Vec<(String, TcpListener)>);

impl PassedSockets {
    /// Takes what was passed to this process, and the variables out of the environment: programs that it starts get neither. What was passed to
    /// another process is none of our business. To be called once, before there are threads.
    ///
    /// # Errors
    /// The variables are for this process, and wrong; a socket is no TCP listener, or has the name of none of ours.
    pub fn take_over() -> Result<Self, ActivationError> {
        // Asked first: names for another process would be counted against our no sockets.
        let number = sd_notify::listen_fds().map(|descriptors| descriptors.len());
        #[expect(unsafe_code, reason = "the environment can only be changed so")]
        // SAFETY: this is called before there are threads that could read the environment meanwhile.
        let named = unsafe { sd_notify::listen_fds_with_names_and_unset_env() };
        if number.map_err(ActivationError::Variables)? == 0 {
            return Ok(Self::default());
        }
        let listeners = named.map_err(ActivationError::Variables)?.map(|(descriptor, name)| {
            #[expect(unsafe_code, reason = "a number becomes a descriptor only so")]
            // SAFETY: the service manager opened it for this process, which has opened nothing yet that could have the same number, and it was
            // looked at: it is open, and closed in programs that we start. Nobody else takes it, as the variables are gone.
            let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
            listener(descriptor, name)
        });
        listeners.collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// The sockets of a listener.
    pub fn take(&mut self, name: &str) -> Vec<TcpListener> {
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(own, _)| own == name);
        self.0 = left;
        taken.into_iter().map(|(_, listener): (String, TcpListener)| listener).collect()
    }

    /// Whether nothing was passed, or all of it was taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For when every listener took its own: nobody may wait at a socket that nobody serves.
    ///
    /// # Errors
    /// [`ActivationError::NoTaker`].
    pub fn are_all_taken(&self) -> Result<(), ActivationError> {
        match self.0.first() {
            Some((name, _)) => Err(ActivationError::NoTaker { name: name.clone() }),
            None => Ok(()),
        }
    }
}

fn listener(descriptor: OwnedFd, name: String) -> Result<(String, TcpListener), ActivationError> {
    let socket = SockRef::from(&descriptor);
    let is_listener = socket.r#type().is_ok_and(|kind| kind == Type::STREAM)
        && socket.domain().is_ok_and(|domain| [Domain::IPV4, Domain::IPV6].contains(&domain))
        && socket.is_listener().unwrap_or(false);
    if !is_listener {
        return Err(ActivationError::NoListener { name });
    }
    // Without a name of its own a socket has its unit's.
    let is_unnamed = name.is_empty() || name == "unknown" || name.ends_with(".socket");
    let name = if is_unnamed { UNNAMED.to_owned() } else { name };
    if NAMES.contains(&name.as_str()) {
        Ok((name, TcpListener::from(descriptor)))
    } else {
        Err(ActivationError::NoTaker { name })
    }
}
