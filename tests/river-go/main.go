// A real River client for the interoperability tests (tests/it/jobs/river.rs) and the comparison of ./dev bench jobs.
// The first argument says what it does; the database is DATABASE_URL; answers are JSON lines on standard output.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

const schema = "metadata"

type succeeds struct {
	Text string `json:"text"`
}

func (succeeds) Kind() string { return "go_succeeds" }

type fails struct{}

func (fails) Kind() string { return "go_fails" }

type waits struct{}

func (waits) Kind() string { return "go_waits" }

// Worked by the other side.
type theirs struct {
	Text   string `json:"text" river:"unique"`
	Number int    `json:"number"`
}

func (theirs) Kind() string { return "rust_works" }

type theirsWait struct{}

func (theirsWait) Kind() string { return "rust_waits" }

type successWorker struct{ river.WorkerDefaults[succeeds] }

func (successWorker) Work(context.Context, *river.Job[succeeds]) error { return nil }

type failureWorker struct{ river.WorkerDefaults[fails] }

func (failureWorker) Work(context.Context, *river.Job[fails]) error {
	return errors.New("refused in Go")
}

type waitWorker struct{ river.WorkerDefaults[waits] }

func (waitWorker) Work(ctx context.Context, job *river.Job[waits]) error {
	say(map[string]any{"started": job.ID})
	<-ctx.Done()
	return ctx.Err()
}

func say(value any) {
	line, err := json.Marshal(value)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func argument(position int) string {
	if len(os.Args) <= position {
		log.Fatalf("argument %d is missing", position)
	}
	return os.Args[position]
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	check(err)
	defer pool.Close()
	workers := river.NewWorkers()
	river.AddWorker(workers, &successWorker{})
	river.AddWorker(workers, &failureWorker{})
	river.AddWorker(workers, &waitWorker{})
	config := &river.Config{
		Schema: schema,
		// It inserts kinds that only the other side works on.
		SkipUnknownJobCheck: true,
		Workers:             workers,
		Logger:              slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	verb := argument(1)
	if verb == "work" || verb == "bench" {
		config.Queues = map[string]river.QueueConfig{"go": {MaxWorkers: 10}}
	}
	if verb == "bench" {
		// As in River's own benchmark.
		config.FetchCooldown = 2 * time.Millisecond
		config.FetchPollInterval = 20 * time.Millisecond
		config.Queues = map[string]river.QueueConfig{"go": {MaxWorkers: 2000}}
	}
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	check(err)

	switch verb {
	case "work":
		check(client.Start(ctx))
		say(map[string]any{"id": client.ID()})
		// Runs until its input ends: whoever started it is gone or wants it to stop.
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		stopping, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		check(client.StopAndCancel(stopping))
	case "insert":
		insert(ctx, client, argument(2), number(argument(3)))
	case "insert-unique":
		options := &river.InsertOpts{Queue: "tests", UniqueOpts: river.UniqueOpts{ByArgs: true, ByQueue: true}}
		result, err := client.Insert(ctx, theirs{Text: argument(2), Number: number(argument(3))}, options)
		check(err)
		say(map[string]any{"id": result.Job.ID, "duplicate": result.UniqueSkippedAsDuplicate})
	case "show":
		job, err := client.JobGet(ctx, int64(number(argument(2))))
		check(err)
		say(map[string]any{"state": job.State, "attempt": job.Attempt, "errors": job.Errors, "attempted_by": job.AttemptedBy})
	case "cancel":
		_, err := client.JobCancel(ctx, int64(number(argument(2))))
		check(err)
	case "retry":
		_, err := client.JobRetry(ctx, int64(number(argument(2))))
		check(err)
	case "pause":
		check(client.QueuePause(ctx, argument(2), nil))
	case "resume":
		check(client.QueueResume(ctx, argument(2), nil))
	case "bench":
		bench(ctx, client, pool, number(argument(2)))
	default:
		log.Fatalf("unknown verb %q", verb)
	}
}

func insert(ctx context.Context, client *river.Client[pgx.Tx], kind string, count int) {
	ids := []int64{}
	for i := range count {
		var args river.JobArgs = theirs{Text: "from Go", Number: i}
		if kind == "rust_waits" {
			args = theirsWait{}
		}
		options := &river.InsertOpts{Queue: "tests", Priority: 1 + i%4, Tags: []string{"interop"}, MaxAttempts: 3}
		if i%3 == 2 {
			options.ScheduledAt = time.Now().Add(time.Second)
		}
		result, err := client.Insert(ctx, args, options)
		check(err)
		ids = append(ids, result.Job.ID)
	}
	say(map[string]any{"ids": ids})
}

// Inserts jobs that do nothing, then measures how long one process needs for all of them.
func bench(ctx context.Context, client *river.Client[pgx.Tx], pool *pgxpool.Pool, jobs int) {
	_, err := pool.Exec(ctx, `insert into metadata.river_job (kind, args, queue, max_attempts)
		select 'go_succeeds', '{"text": ""}', 'go', 25 from generate_series(1, $1)`, jobs)
	check(err)
	events, stop := client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 100_000, Kinds: []river.EventKind{river.EventKindJobCompleted},
	})
	defer stop()
	started := time.Now()
	check(client.Start(ctx))
	for range jobs {
		<-events
	}
	elapsed := time.Since(started)
	say(map[string]any{"jobs": jobs, "seconds": elapsed.Seconds(), "per_second": float64(jobs) / elapsed.Seconds()})
	check(client.Stop(ctx))
}
