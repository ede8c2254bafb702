mod attacks;
mod client;
mod reading;
mod site;
mod writing;
