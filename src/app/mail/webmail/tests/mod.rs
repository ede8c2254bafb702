mod attacks;
mod reading;
mod site;
mod writing;
