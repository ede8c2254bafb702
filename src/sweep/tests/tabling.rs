//! The tables of studies: what is in them, and that nothing else gets in.

use super::*;

/// Would break if a table hung on threads, shards, their order or what was interrupted.
#[test]
fn tables_are_the_same_however_they_came_about() {
    let losses: Vec<f64> = (0..13).map(|number| f64::from(number) / 40.0).collect();
    let mut bed = Bed::new(&losses, 12);
    bed.study.replications.min = 3;
    bed.study.replications.stop =
        Some(StopRule { measures: vec!["late_s".to_owned()], relative: 0.012, absolute: None });
    let tables = |name: &str, run: &dyn Fn(&Path)| {
        let out = bed.folder(name);
        run(&out);
        assert!(bed.tables(&out).whole(), "{name}");
        (read_tables(&out), records(&out).len(), parquet_files(&out))
    };
    let all: Vec<usize> = (0..13).collect();
    let whole = tables("one", &|out| assert!(bed.run(out, &Fake::default(), &all, &jobs(1)).complete()));
    let reasons: Vec<&str> = whole.0["summary"].lines().skip(1).map(|line| line.split(',').nth(12).unwrap()).collect();
    assert!(reasons.contains(&"reached") && reasons.contains(&"maximum"), "the rule decides something: {reasons:?}");
    for threads in [2, 4] {
        let again = tables(&format!("{threads}"), &|out| {
            bed.run(out, &Fake::default(), &all, &jobs(threads));
        });
        assert_eq!(again, whole, "{threads} threads");
    }
    let interrupted = tables("interrupted", &|out| {
        for most in [3, 1, 10, 7] {
            bed.run(out, &Fake { stops_after: Some(most), ..Fake::default() }, &all, &jobs(3));
        }
        bed.run(out, &Fake::default(), &all, &jobs(3));
    });
    assert_eq!(interrupted, whole);
    let shared = tables("shards in one folder", &|out| {
        for index in [2, 0, 3, 1] {
            bed.run(out, &Fake::default(), &shard(index, &all), &jobs(2));
        }
    });
    assert_eq!(shared, whole);
    let merged = tables("merged", &|out| {
        let stores = [3, 1, 0, 2].map(|index| {
            let part = bed.folder(&format!("part {index}"));
            bed.run(&part, &Fake::default(), &shard(index, &all), &jobs(2));
            Store::of(&part)
        });
        let subject = Subject::of(&bed.study).unwrap();
        let folder = Folder::begin(out, &subject, Path::new("plan.json")).unwrap();
        let copied = merge(&subject, folder.store(), &stores).unwrap().copied;
        assert_eq!(copied as usize, whole.1);
        assert_eq!(merge(&subject, folder.store(), &stores).unwrap(), Merged::default());
    });
    assert_eq!(merged, whole);
}

fn shard(index: u32, all: &[usize]) -> Vec<usize> {
    let shard = Shard::new(index, 4).unwrap();
    all.iter().copied().filter(|point| shard.holds(*point)).collect()
}

/// Would break if a column moved, or a number were written in another way.
#[test]
fn what_stands_in_the_tables() {
    let mut bed = Bed::new(&[0.0, 0.5], 2);
    bed.study.comparisons = vec![Comparison {
        parameter: "loss".to_owned(),
        against: "0".to_owned(),
        measures: vec!["late_s".to_owned(), "nothing".to_owned()],
    }];
    let out = bed.folder("out");
    bed.run_all(&out, &Fake::default());
    bed.tables(&out);
    let tables = read_tables(&out);
    insta::assert_snapshot!(tables["results"], @r##"
    point,replication,seed,loss,metric,value
    0,0,6229623522632814,0,late_s,10.758
    0,0,6229623522632814,0,count,7
    0,0,6229623522632814,0,nothing,
    0,1,8092244892250969,0,late_s,10.095
    0,1,8092244892250969,0,count,7
    0,1,8092244892250969,0,nothing,
    1,0,6229623522632814,0.5,late_s,60.758
    1,0,6229623522632814,0.5,count,7
    1,0,6229623522632814,0.5,nothing,
    1,1,8092244892250969,0.5,late_s,60.095
    1,1,8092244892250969,0.5,count,7
    1,1,8092244892250969,0.5,nothing,
    "##);
    insta::assert_snapshot!(tables["summary"], @r##"
    point,loss,metric,n,mean,half_width,low,high,sd,level,no_interval,replications,stop,why
    0,0,late_s,2,10.4265,4.21210687005029,6.214393129949711,14.63860687005029,0.46881179592668,0.95,,2,planned,all 2 replications asked for were made
    0,0,count,2,7,0,7,7,0,0.95,,2,planned,all 2 replications asked for were made
    0,0,nothing,0,,,,,,,no_value,2,planned,all 2 replications asked for were made
    1,0.5,late_s,2,60.426500000000004,4.212106870050325,56.21439312994968,64.63860687005032,0.4688117959266837,0.95,,2,planned,all 2 replications asked for were made
    1,0.5,count,2,7,0,7,7,0,0.95,,2,planned,all 2 replications asked for were made
    1,0.5,nothing,0,,,,,,,no_value,2,planned,all 2 replications asked for were made
    "##);
    insta::assert_snapshot!(tables["comparisons"], @r##"
    parameter,against,point,against_point,loss,metric,n,difference,half_width,low,high,level,manner,correlation,unpaired,verdict,no_interval,line
    loss,0,1,0,0.5,late_s,2,50,0,50,50,0.95,paired,1,0,more,,late_s: loss 0.5 is 50 s longer than loss 0 in all 2 pairs
    loss,0,1,0,0.5,nothing,,,,,,,,,0,,no_value,nothing: loss 0.5 and loss 0 cannot be compared: there is no value
    "##);
    insta::assert_snapshot!(tables["missed"], @r##"
    point,replication,seed,loss,expectation
    1,0,6229623522632814,0.5,"bob has it, but found ""nothing"""
    1,1,8092244892250969,0.5,"bob has it, but found ""nothing"""
    "##);
    assert_eq!(tables["failures"], "point,replication,seed,loss,kind,why\n");
}

/// Would break if tables of a part looked like those of the whole.
#[test]
fn what_is_missing_is_marked() {
    let bed = Bed::new(&[0.0, 0.1, 0.2], 2);
    let out = bed.folder("out");
    bed.run(&out, &Fake::default(), &[1], &jobs(1));
    let census = bed.tables(&out);
    assert_eq!((census.whole(), census.complete, census.missing, census.runs_done), (false, 1, 2, 2));
    let tables = read_tables(&out);
    assert_eq!(tables["failures"].matches(",missing,").count(), 4);
    let stops: Vec<&str> = tables["summary"].lines().skip(1).map(|line| line.split(',').nth(12).unwrap()).collect();
    assert_eq!(
        stops,
        ["missing", "missing", "missing", "planned", "planned", "planned", "missing", "missing", "missing"]
    );
    let about = Folder::read(&out).unwrap();
    assert_eq!((&about["results"]["complete"], &about["results"]["points_missing"]), (&json!(false), &json!(2)));
    // What was said of the tables stays said as long as the study is the same.
    bed.run(&out, &Fake::default(), &[], &jobs(1));
    assert_eq!(Folder::read(&out).unwrap(), about);
    bed.run_all(&out, &Fake::default());
    bed.tables(&out);
    assert_eq!(Folder::read(&out).unwrap()["results"]["complete"], json!(true));
}
