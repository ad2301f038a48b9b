//! Analytics: events that come in as the client package sends them, and what reports, the command
//! line and the export make of them.

mod cloud;
mod collection;
mod command_line;
mod crashes;
mod deletion;
mod export;
mod reports;
mod week;
