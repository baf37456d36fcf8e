//! `throng bots`: so many bots for a while, and what they saw.

use std::net::{Ipv4Addr, SocketAddr};

use crate::load::window::Window;
use crate::load::{LoadError, Plan, Stop};
use crate::report::Report;
use crate::stress::mix::Mix;
use crate::target::{BOTS_PER_SOURCE, Target};
use crate::via::{Spec, Via};

/// Which bots to send where.
#[derive(Clone, Debug)]
pub struct BotsOptions {
    /// `ws://HOST:PORT/ws`
    pub url: String,
    pub count: usize,
    /// Name or code of the room to which all go, or nothing: any that has a place.
    pub room: String,
    /// To look on, without gliders.
    pub watch: bool,
    pub mix: Mix,
    /// Length of the measured window, rounded up to whole seconds.
    pub seconds: f64,
    pub ramp_per_s: f64,
    pub seed: u64,
    /// What the link to the server is like; none: as it is.
    pub via: Option<Spec>,
    /// A target that is not on loopback is only loaded when its operator says so.
    pub i_run_that_server: bool,
}

/// Makes the load on the calling thread. `say` takes lines of progress.
///
/// # Errors
/// When the load cannot be made, nobody could join, or the process is told to end.
pub fn run(options: &BotsOptions, say: &dyn Fn(&str)) -> Result<Report, LoadError> {
    let &BotsOptions { count, seconds, ramp_per_s, seed, .. } = options;
    let target = Target::resolve(&options.url).map_err(LoadError::Target)?;
    if !target.is_loopback() && !options.i_run_that_server {
        return Err(LoadError::NotYours { url: options.url.clone() });
    }
    let via = options.via.map(|spec| {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Via::start(spec, seed, listen, target.address())
            .map_err(|error| LoadError::Runtime(format!("--via has no link: {error}")))
    });
    let via = via.transpose()?;
    let url = match &via {
        None => options.url.clone(),
        Some(via) => format!("ws://{}{}", via.address(), target.path()),
    };
    let profile = Plan::ramp_and_hold(count, ramp_per_s, seconds).map_err(LoadError::Profile)?;
    let plan = Plan {
        i_run_that_server: options.i_run_that_server,
        comeback: true,
        room: options.room.clone(),
        watch: options.watch,
        ..Plan::plain(url, profile, options.mix.clone(), seed)
    };
    let mut window = Window::new(count, count as f64 / ramp_per_s, seconds);
    plan.run(&Stop::at_signals()?, &mut |beat| {
        let was_open = window.is_open();
        let step = window.take(&beat);
        if !was_open {
            say(&format!("{} of {count} play", beat.players));
        }
        step
    })
    .map_err(|error| {
        // The link is nothing that anybody typed.
        let LoadError::Unreachable { why, .. } = error else { return error };
        LoadError::Unreachable { url: options.url.clone(), why }
    })?;
    let sum = window.sum();
    if sum.joined < count {
        say(&format!("{} of {count} joined", sum.joined));
        if let Ok(target) = Target::resolve(&options.url)
            && count > target.sources() * BOTS_PER_SOURCE
        {
            say("they come from one address: the server may need a higher \
                 --connections-per-address");
        }
    }
    if let Some(via) = &via {
        say(&format!("{} connections, {} of them cut", via.connections(), via.cuts()));
    }
    Ok(Report::new(count, options.mix.to_string(), seed, &sum))
}
