//! What is run, what is found again, and what becomes of damage.

use super::*;

/// Would break if anything that is there were run again, or a replication changed those before it.
#[test]
fn only_what_is_missing_is_run() {
    let mut bed = Bed::new(&[0.0, 0.1, 0.2], 3);
    let out = bed.folder("out");
    let fake = Fake::default();
    let tally = bed.run_all(&out, &fake);
    assert_eq!((tally.made, tally.kept, tally.complete()), (9, 0, true));
    let before: Vec<_> =
        records(&out).iter().map(|path| (path.clone(), fs::metadata(path).unwrap().modified().unwrap())).collect();
    assert_eq!(before.len(), 9);
    // A replication more, and another value before the others.
    bed.study.replications.max = 4;
    bed.study.points = points(&[0.05, 0.0, 0.1, 0.2]);
    let tally = bed.run_all(&out, &fake);
    assert_eq!((tally.made, tally.kept, fake.runs()), (3 + 4, 9, 16));
    for (path, written) in before {
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written, "{}", path.display());
    }
    // Other measures are other numbers.
    bed.study.measures.pop();
    assert_eq!(bed.run_all(&out, &fake).made, 16);
    bed.study.warm_up = Some(WarmUp { until: crate::base::SimDuration::from_nanos(5), shared: false });
    assert_eq!(bed.run_all(&out, &fake).made, 16);
}

/// Would break if seeds hung on a place in the study, or points did not share them when they should.
#[test]
fn seeds_follow_from_what_a_run_is() {
    let bed = Bed::new(&[0.0, 0.1], 2);
    let mut asked = bed.study.replications.clone();
    let [a, b] = &bed.study.points[..] else { unreachable!() };
    let seed = |asked: &Replications, point: &Point, replication| trials::seed(asked, point, replication);
    assert_eq!(seed(&asked, a, 0), seed(&asked, b, 0));
    assert_ne!(seed(&asked, a, 0), seed(&asked, a, 1));
    let common = seed(&asked, a, 0);
    asked.numbers = Numbers::Independent;
    assert_ne!(seed(&asked, a, 0), seed(&asked, b, 0));
    assert_ne!(seed(&asked, a, 0), common);
    let mut moved = a.clone();
    moved.index = 77;
    moved.settings.push(("/run/until".to_owned(), json!("5h")));
    let mut turned = moved.clone();
    turned.settings.reverse();
    assert_eq!(seed(&asked, &moved, 1), seed(&asked, &turned, 1));
    asked.seed = 2;
    assert_ne!(seed(&asked, a, 0), seed(&bed.study.replications, a, 0));
    assert!(seed(&asked, a, 5) < 1 << 53, "programs that know floats alone read it");
}

/// Would break if a failure stopped the others, went unrecorded, or were tried again unasked.
#[test]
fn a_failing_point_does_not_stop_the_others() {
    let bed = Bed::new(&[0.0, 0.1, 2.0, 0.2], 2);
    let out = bed.folder("out");
    let fake = Fake { fails_at: Some(0.1), ..Fake::default() };
    let tally = bed.run_all(&out, &fake);
    assert_eq!((tally.made, tally.failed, tally.invalid, tally.complete()), (6, 2, 1, false));
    let told = fake.told.lock().unwrap().join("\n");
    assert!(told.contains("point 1 limits.events") && told.contains("point 2 "), "{told}");
    let census = bed.tables(&out);
    assert_eq!((census.complete, census.failed, census.missing), (2, 2, 0));
    let tables = read_tables(&out);
    let failures: Vec<&str> = tables["failures"].lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(failures[..4], ["point", "1", "1", "2"]);
    assert!(tables["failures"].contains("limit,limits.events was reached at 3 s"), "{}", tables["failures"]);
    assert!(
        tables["failures"].contains("/network/backbone/loss=2") && !tables["failures"].contains(out.to_str().unwrap())
    );
    // What failed stays so until somebody wants it tried again.
    let mended = Fake::default();
    assert_eq!((bed.run_all(&out, &mended).failed, mended.runs()), (2, 0));
    let again = RunOptions { jobs: 1, retry_failed: true };
    assert_eq!((bed.run(&out, &mended, &[0, 1, 2, 3], &again).failed, mended.runs()), (0, 2));
    assert_eq!(bed.tables(&out).complete, 3);
}

/// Would break if a damaged record were believed, went unsaid, or stood in the way.
#[test]
fn damage_is_noticed_and_mended() {
    let bed = Bed::new(&[0.0, 0.1], 3);
    let out = bed.folder("out");
    bed.run_all(&out, &Fake::default());
    bed.tables(&out);
    let whole = read_tables(&out);
    let files = records(&out);
    let text = fs::read_to_string(&files[0]).unwrap();
    let other = fs::read_to_string(&files[1]).unwrap();
    let digit = text.find("\"late_s\":1").unwrap() + 9;
    let damages: Vec<Vec<u8>> = vec![
        Vec::new(),
        text.as_bytes()[..text.len() - 1].to_vec(),
        format!("{}2{}", &text[..digit], &text[digit + 1..]).into_bytes(),
        other.into_bytes(),
        vec![0xff; 100],
        b"{\"digest\":\"\",\"record\":{}}\n".to_vec(),
        "[".repeat(100_000).into_bytes(),
    ];
    for damage in damages {
        fs::write(&files[0], &damage).unwrap();
        let census = bed.tables(&out);
        assert_eq!((census.missing, census.damaged.len()), (1, 1));
        assert!(read_tables(&out)["failures"].contains("its record is damaged"));
        let fake = Fake::default();
        let tally = bed.run_all(&out, &fake);
        assert_eq!((tally.made, tally.kept, fake.told.lock().unwrap().len()), (1, 5, 1));
        assert_eq!(fs::read_to_string(&files[0]).unwrap(), text);
        bed.tables(&out);
        assert_eq!(read_tables(&out), whole);
    }
}

/// Would break if what somebody stopped were kept as a failure, or what was finished got lost.
#[test]
fn who_stops_keeps_what_is_finished() {
    let bed = Bed::new(&[0.0, 0.1, 0.2, 0.3], 5);
    let out = bed.folder("out");
    let tally = bed.run_all(&out, &Fake { stops_after: Some(7), ..Fake::default() });
    assert!(tally.stopped && tally.failed == 0 && tally.made == 7, "{tally:?}");
    assert_eq!(records(&out).len(), 7);
    let tally = bed.run_all(&out, &Fake::default());
    assert_eq!((tally.kept, tally.made), (7, 13));
}

/// Would break if two processes in one folder harmed each other, or left anything behind.
#[test]
fn two_may_fill_one_folder() {
    let bed = Bed::new(&[0.0, 0.1, 0.2, 0.3], 10);
    let out = bed.folder("out");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                assert!(bed.run_all(&out, &Fake::default()).complete());
                Store::of(&out).tidy();
            });
        }
    });
    assert_eq!(records(&out).len(), 40);
    let rest = records(&out)[0].with_file_name(".rest.1-1.tmp");
    fs::write(&rest, "half").unwrap();
    assert!(bed.tables(&out).whole() && !rest.exists());
}

/// Would break if something else were taken for a study's folder, or a refusal changed it.
#[test]
fn what_is_not_ours_is_left_alone() {
    let bed = Bed::new(&[0.0], 1);
    let subject = Subject::of(&bed.study).unwrap();
    let begin = |dir: &Path| {
        Folder::begin(dir, &subject, Path::new("plan.json")).map(|_| ()).map_err(|error| error.to_string())
    };
    for name in ["charts", "manifest.json", "notes", "tables"] {
        let out = bed.folder(name);
        fs::create_dir_all(out.join(name)).unwrap();
        assert!(begin(&out).unwrap_err().contains("nothing was changed"), "{name}");
        assert!(!out.join("study.json").exists());
    }
    let out = bed.folder("mine");
    begin(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    begin(&out).unwrap();
    for damage in ["", "{", "[]", "{\"posthaste\":1}"] {
        fs::write(out.join("study.json"), damage).unwrap();
        let error = begin(&out).unwrap_err();
        assert!(error.contains("study.json:1: ") && error.contains("records are kept"), "{error}");
        assert_eq!(fs::read_to_string(out.join("study.json")).unwrap(), damage);
    }
    fs::write(out.join("study.json"), "{\"posthaste\":\"0.1.0\",\"study\":\"other\"}").unwrap();
    assert!(begin(&out).unwrap_err().contains("the study \"other\""));
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
    let file = bed.folder("file");
    fs::write(&file, "").unwrap();
    assert!(begin(&file).is_err());
}

/// Would break if a result that cannot be kept went unsaid.
#[test]
fn what_cannot_be_kept_ends_the_study() {
    let bed = Bed::new(&[0.0, 0.1], 2);
    let out = bed.folder("out");
    let subject = Subject::of(&bed.study).unwrap();
    let folder = Folder::begin(&out, &subject, Path::new("plan.json")).unwrap();
    fs::write(out.join("records"), "no folder").unwrap();
    let fake = Fake::default();
    let error = run(&subject, &[0, 1], (folder.store(), &fake, &fake), &jobs(1)).unwrap_err();
    assert!(matches!(error, RunError::Keep(_)), "{error}");
    assert_eq!(fs::read_to_string(out.join("records")).unwrap(), "no folder");
}
