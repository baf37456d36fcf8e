//! `throng bots`.

use clap::Args;

#[derive(Debug, Args)]
pub(super) struct BotsArgs {}

pub(super) fn run(_args: BotsArgs) -> Result<(), String> {
    Err("not yet".to_owned())
}
