//! `import`: converts the rules of other systems, and sends the people of other systems to the collector.

mod collector;
mod growthbook;
mod mapping;
mod profiles;
mod records;
mod state;

use clap::Subcommand;

use crate::failure::Failure;

/// Arguments of `import`.
#[derive(Subcommand)]
pub enum Import {
    /// Convert a GrowthBook payload to rules with the same results
    Growthbook(growthbook::Growthbook),
    /// Send the people of a CSV or NDJSON file to the collector
    Profiles(profiles::Profiles),
}

impl Import {
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Self::Growthbook(growthbook) => growthbook.run(),
            Self::Profiles(profiles) => profiles.run(),
        }
    }
}
