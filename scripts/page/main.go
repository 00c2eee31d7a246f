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
	visit := flag.Bool("visit", true, "measure the product")
	save := flag.Bool("save", true, "measure make dev, in a copy of the tree")
	parts := flag.Bool("parts", false, "print what the time goes to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var programs []string
	if *visit {
		programs = strings.Split(*product, ",")
	}
	if err := run(ctx, programs, *rounds, *save, *parts); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, programs []string, rounds int, save, parts bool) error {
	b, err := open(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	if len(programs) > 0 {
		if err := measureVisits(ctx, b, programs, rounds, parts); err != nil {
			return err
		}
	}
	if save {
		return measureSaves(ctx, b, rounds)
	}
	return nil
}

// visitedProduct is a product that runs, and its visits.
type visitedProduct struct {
	name, origin     string
	cold, warm, slow []visited
}

// measureVisits visits the products, and the yardstick beside them.
func measureVisits(ctx context.Context, b *browser, programs []string, rounds int, parts bool) error {
	products := make([]visitedProduct, len(programs))
	for i, program := range programs {
		origin, stop, err := start(ctx, ".", program)
		if err != nil {
			return err
		}
		defer stop()
		products[i] = visitedProduct{name: program, origin: origin}
	}
	yardstick, stop, err := startYardstick(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for range rounds {
		if err := yardstick.visitNear(b); err != nil {
			return err
		}
		for i := range products {
			if err := errors.Join(products[i].visitNear(b), products[i].visitFar(b)); err != nil {
				return err
			}
		}
	}
	for i := range products {
		products[i].print(len(products) > 1, yardstick)
		if parts {
			printParts(products[i].cold, products[i].warm)
		}
	}
	return nil
}

// visitNear visits it twice on this machine, visitFar once over a slow line.
func (m *visitedProduct) visitNear(b *browser) error {
	visits, err := b.visit(m.origin+"/", line{}, 2)
	if err != nil {
		return err
	}
	m.cold, m.warm = append(m.cold, visits[0]), append(m.warm, visits[1])
	return nil
}

func (m *visitedProduct) visitFar(b *browser) error {
	visits, err := b.visit(m.origin+"/", line{bits: 9_000_000, latency: 40 * time.Millisecond}, 1)
	if err != nil {
		return err
	}
	m.slow = append(m.slow, visits[0])
	return nil
}

func (m *visitedProduct) print(named bool, yardstick *visitedProduct) {
	title := "median"
	if named {
		title += " of " + m.name
	}
	fmt.Printf("%-52s %10s %10s %10s\n", title, "measured", "gate", "stretch")
	painted := func(v visited) time.Duration { return v.painted }
	interactive := func(v visited) time.Duration { return v.interactive }
	first := times(m.cold, painted)
	row("P17 first paint, localhost", first, 200, 100)
	compare("    to "+yardstick.name, first, times(yardstick.cold, interactive), yardstickCold, 200, 100)
	row("P18 interactive, 9 Mbit/s + 40 ms, cold", times(m.slow, interactive), 2200, 1500)
	cold, warm := times(m.cold, interactive), times(m.warm, interactive)
	row("P19 interactive, localhost, cold", cold, 450, 250)
	compare("    to "+yardstick.name, cold, times(yardstick.cold, interactive), yardstickCold, 450, 250)
	row("P19 interactive, localhost, warm", warm, 280, 190)
	compare("    to "+yardstick.name, warm, times(yardstick.warm, interactive), yardstickWarm, 280, 190)
}

func times(visits []visited, of func(visited) time.Duration) []time.Duration {
	all := make([]time.Duration, len(visits))
	for i, visit := range visits {
		all[i] = of(visit)
	}
	return all
}

func row(name string, measured []time.Duration, gate, stretch int) {
	fmt.Printf("%-52s %7d ms %7d ms %7d ms\n", name, median(measured).Milliseconds(), gate, stretch)
}

func median(measured []time.Duration) time.Duration {
	slices.Sort(measured)
	return measured[len(measured)/2]
}
