//! Each test is named for the attack that it tries.

mod authorization;
mod clients;
mod cross_site;
mod delegation;
mod devices;
mod document;
mod dpop;
mod front_channel;
mod guessing;
mod heads;
mod installation;
mod logout;
mod pages;
mod published;
mod registration;
mod requests;
mod sessions;
mod tokens;
mod wire;
