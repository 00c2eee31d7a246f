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
	"strings"
	"time"
)

func main() {
	product := flag.String("product", ".cache/bin/demo", "the built product; several, with commas between them, are measured in turn")
	rounds := flag.Int("rounds", 5, "how often each is measured")
	save := flag.Bool("save", true, "measure make dev, too, in a copy of the tree")
	parts := flag.Bool("parts", false, "print what the time goes to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, strings.Split(*product, ","), *rounds, *save, *parts); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

// visitedProduct is a product that runs, and its visits.
type visitedProduct struct {
	name, origin     string
	cold, warm, slow []visited
}

func run(ctx context.Context, programs []string, rounds int, save, parts bool) error {
	products := make([]visitedProduct, len(programs))
	for i, program := range programs {
		origin, stop, err := start(ctx, ".", program)
		if err != nil {
			return err
		}
		defer stop()
		products[i] = visitedProduct{name: program, origin: origin}
	}
	b, err := open(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	for range rounds {
		for i := range products {
			if err := products[i].visit(b); err != nil {
				return err
			}
		}
	}
	for i := range products {
		products[i].print(len(products) > 1, parts)
	}
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

func (m *visitedProduct) visit(b *browser) error {
	visits, err := b.visit(m.origin+"/", line{}, 2)
	if err != nil {
		return err
	}
	m.cold, m.warm = append(m.cold, visits[0]), append(m.warm, visits[1])
	if visits, err = b.visit(m.origin+"/", line{bits: 9_000_000, latency: 40 * time.Millisecond}, 1); err != nil {
		return err
	}
	m.slow = append(m.slow, visits[0])
	return nil
}

func (m *visitedProduct) print(named, parts bool) {
	title := "median"
	if named {
		title += " of " + m.name
	}
	fmt.Printf("%-52s %10s %10s %10s\n", title, "measured", "gate", "stretch")
	row("P17 first paint, localhost", times(m.cold, func(v visited) time.Duration { return v.painted }), 200, 100)
	interactive := func(v visited) time.Duration { return v.interactive }
	row("P18 interactive, 9 Mbit/s + 40 ms, cold", times(m.slow, interactive), 2200, 1500)
	row("P19 interactive, localhost, cold", times(m.cold, interactive), 450, 250)
	row("P19 interactive, localhost, warm", times(m.warm, interactive), 280, 190)
	if parts {
		printParts(m.cold, m.warm)
	}
}

func times(visits []visited, of func(visited) time.Duration) []time.Duration {
	all := make([]time.Duration, len(visits))
	for i, visit := range visits {
		all[i] = of(visit)
	}
	return all
}

func row(name string, measured []time.Duration, gate, stretch int) {
	slices.Sort(measured)
	fmt.Printf("%-52s %7d ms %7d ms %7d ms\n", name, measured[len(measured)/2].Milliseconds(), gate, stretch)
}
