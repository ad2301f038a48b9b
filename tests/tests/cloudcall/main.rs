//! Cloud calls, payments and logins: the server against gateways on loopback that check what the
//! real ones check, and fail as they do.

mod arguments;
mod clients;
mod cloud;
mod crashes;
mod logins;
mod nodes;
mod notifications;
mod orders;
mod outcomes;
mod random;
mod sdks;
mod secrets;
