use super::*;

fn glance(second: u32) -> Glance {
    Glance {
        elapsed: Duration::from_secs(u64::from(second)),
        total: Some(Duration::from_secs(100)),
        stage: "stage 2 of 5: 60s:500".to_owned(),
        tick_rate: 30,
        players: 498,
        wanted: 500,
        sample: Sample {
            at_s: f64::from(second),
            players: 498,
            delivered_hz: 29.98,
            gap_p50_ms: 33.4,
            gap_p99_ms: 41.0 + f64::from(second % 5),
            gap_max_ms: 60.25,
            bytes_per_client_s: 5222.4,
            tick_work_p99_ms: Some(2.125),
            own_cpu_share: Some(0.45),
            own_lateness_p99_ms: 0.12,
            ..Sample::default()
        },
        bytes_s: 2_600_755.0,
    }
}

/// A terminal that knows what a block needs, and nothing else.
fn show(screen: &mut Vec<String>, text: &str, columns: usize) {
    let mut row = screen.len();
    let mut rest = text;
    let mut written = String::new();
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).expect("a sequence ends");
            match &sequence[end..=end] {
                "A" => row -= sequence[..end].parse::<usize>().expect("so many lines"),
                "J" => screen.truncate(row),
                "K" | "m" => {}
                other => panic!("the terminal knows no {other}"),
            }
            rest = &sequence[end + 1..];
            continue;
        }
        match c {
            '\r' => assert!(written.is_empty(), "because a line is written once"),
            '\n' => {
                assert!(written.chars().count() < columns, "because {written:?} would wrap");
                let line = std::mem::take(&mut written);
                if row < screen.len() {
                    screen[row] = line
                } else {
                    screen.push(line)
                }
                row += 1;
            }
            c => written.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    assert!(written.is_empty(), "because a block ends with its line");
}

#[test]
fn a_block_is_drawn_over_the_last_one() {
    for columns in [0, 20, 40, 80, 300] {
        let (mut live, mut screen) = (Live::new(Colours::Red), vec!["before".to_owned()]);
        for second in 0..100 {
            let block = live.block(&glance(second), columns);
            show(&mut screen, &block, columns.clamp(COLUMNS_MIN, COLUMNS_MAX));
            assert_eq!(screen.len(), 1 + 8, "because there is one block: {screen:?}");
        }
        assert_eq!(screen[0], "before", "because nothing above is touched");
    }
}

#[test]
fn a_block_says_how_it_stands() {
    let (mut live, mut screen) = (Live::new(Colours::None), Vec::new());
    for second in 0..=42 {
        show(&mut screen, &live.block(&glance(second), 61), 61);
    }
    let expected = [
        "stage 2 of 5: 60s:500                           0:42 of 1:40",
        "███████████████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  42 %",
        "players    498 of 500",
        "delivered  30 of 30 Hz",
    ];
    assert_eq!(screen[..4], expected);
    assert!(screen[4].starts_with("gap        p50 33.4  p99 43  max 60.2 ms  "), "{}", screen[4]);
    assert_eq!(screen[4].chars().count(), 60, "because the gaps fill the line");
    assert_eq!(screen[5], "server     tick p99 2.12 ms, - us a client-tick");
    assert_eq!(screen[6], "traffic    5.1 KiB/s a client, 2.48 MiB/s in all");
    assert_eq!(screen[7], "bots       0.12 ms late, 45 % of a core");
}

#[test]
fn something_else_can_be_said_between_blocks() {
    let (mut live, mut screen) = (Live::new(Colours::None), Vec::new());
    assert_eq!(live.erase(), "", "because nothing is to be erased");
    show(&mut screen, &live.block(&glance(1), 80), 80);
    show(&mut screen, &live.erase(), 80);
    assert_eq!(screen.len(), 0);
    show(&mut screen, "512 players: held\n", 80);
    show(&mut screen, &live.block(&glance(2), 80), 80);
    live.leave();
    show(&mut screen, &live.block(&glance(3), 80), 80);
    assert_eq!(screen.len(), 1 + 8 + 8, "because the first block was left");
}

#[test]
fn bad_news_is_red_where_there_are_colours() {
    let red = |change: fn(&mut Glance)| {
        let mut glance = glance(1);
        change(&mut glance);
        assert!(!Live::new(Colours::None).block(&glance, 80).contains("[31m"));
        Live::new(Colours::Red).block(&glance, 80).matches("[31m").count()
    };
    assert_eq!(red(|_| {}), 0);
    assert_eq!(red(|glance| glance.sample.lost = 1), 1);
    assert_eq!(red(|glance| glance.sample.desyncs = 1), 1);
    assert_eq!(red(|glance| glance.sample.delivered_hz = 28.4), 1);
    assert_eq!(red(|glance| glance.sample.gap_p99_ms = 66.8), 1);
    assert_eq!(red(|glance| glance.sample.own_lateness_p99_ms = 5.1), 1);
}

#[test]
fn a_block_without_an_end_has_no_bar() {
    let mut glance = glance(3700);
    glance.total = None;
    let mut screen = Vec::new();
    show(&mut screen, &Live::new(Colours::None).block(&glance, 40), 40);
    assert_eq!(screen[0], "stage 2 of 5: 60s:500           1:01:40");
    assert_eq!(screen[1], "");
}

#[test]
fn nothing_from_outside_moves_the_cursor() {
    let mut glance = glance(1);
    glance.stage = "a\x1b[2Jb\nc".to_owned();
    let block = Live::new(Colours::None).block(&glance, 80);
    assert!(block.starts_with("a?[2Jb?c "), "{block}");
    assert!(line(&glance).contains(" a?[2Jb?c: "));
}

#[test]
fn plain_lines_come_once_a_second() {
    let mut live = Live::new(Colours::None);
    let mut at = |ms| {
        let elapsed = Duration::from_millis(ms);
        live.poll_line(&Glance { elapsed, ..glance(1) }).is_some()
    };
    let seen = [0, 300, 999, 1000, 1900, 2000, 100, 1100].map(&mut at);
    assert_eq!(seen, [true, false, false, true, false, true, true, true]);
    let mut trouble = glance(42);
    trouble.sample.lost = 3;
    assert_eq!(
        line(&trouble),
        "0:42 of 1:40 stage 2 of 5: 60s:500: 498 of 500 players (3 lost), 30 of 30 Hz, \
         gap p99 43 ms, tick p99 2.12 ms, - us a client-tick, 5.1 KiB/s a client, \
         bots 0.12 ms late, 45 % of a core"
    );
}

#[test]
fn numbers_that_are_none_do_no_harm() {
    let sample = Sample { gap_p99_ms: f64::NAN, delivered_hz: f64::NAN, ..Sample::default() };
    let glance = Glance { sample, total: Some(Duration::ZERO), ..Glance::default() };
    let mut screen = Vec::new();
    show(&mut screen, &Live::new(Colours::Red).block(&glance, 80), 80);
    assert_eq!(screen.len(), 8);
}
