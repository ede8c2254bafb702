//! The statistics of studies, held against SciPy, against what must hold of any numbers, and against chance itself.

mod common;

mod statistics {
    mod coverage;
    mod properties;
    mod scipy;
}
