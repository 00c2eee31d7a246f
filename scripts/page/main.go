// Command page measures what people wait for (goals P17 to P19 and P21): the first paint, the moment at which the app has
// taken over from the prerendered page, on this machine and over a slow line, and how long a save takes to be on the screen in
// make dev. It drives Chromium against the built product. Run it with `make page` on a machine that does nothing else; the
// figures are medians.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"
)

func main() {
	product := flag.String("product", ".cache/bin/demo", "the built product")
	rounds := flag.Int("rounds", 5, "how often each is measured")
	save := flag.Bool("save", true, "measure make dev, too, in a copy of the tree")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *product, *rounds, *save); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, product string, rounds int, save bool) error {
	origin, stop, err := start(ctx, ".", product)
	if err != nil {
		return err
	}
	defer stop()
	b, err := open(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	var paint, cold, warm, slow []time.Duration
	for range rounds {
		visits, err := b.visit(origin+"/", line{}, 2)
		if err != nil {
			return err
		}
		paint, cold, warm = append(paint, visits[0].painted), append(cold, visits[0].interactive), append(warm, visits[1].interactive)
		if visits, err = b.visit(origin+"/", line{bits: 9_000_000, latency: 40 * time.Millisecond}, 1); err != nil {
			return err
		}
		slow = append(slow, visits[0].interactive)
	}
	fmt.Printf("%-52s %10s %10s %10s\n", "median", "measured", "gate", "stretch")
	row("P17 first paint, localhost", paint, 200, 100)
	row("P18 interactive, 9 Mbit/s + 40 ms, cold", slow, 2200, 1500)
	row("P19 interactive, localhost, cold", cold, 450, 250)
	row("P19 interactive, localhost, warm", warm, 280, 190)
	if !save {
		return nil
	}
	saved, err := measureSaves(ctx, b, rounds)
	if err != nil {
		return errors.Join(errors.New("make dev"), err)
	}
	row("P21 save to new text on screen", saved, 1500, 700)
	return nil
}

func row(name string, measured []time.Duration, gate, stretch int) {
	slices.Sort(measured)
	fmt.Printf("%-52s %7d ms %7d ms %7d ms\n", name, measured[len(measured)/2].Milliseconds(), gate, stretch)
}
