package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/snippet"
	"cloakroom/app/text"
)

// BuildHeading says what the screen is for.
func BuildHeading() goapp.UI {
	return goapp.Div().Class("build-head").Body(
		goapp.H1().Class("display", "display-small").Text(text.BuildHeading),
		goapp.P().Class("lede").Text(text.BuildLede),
	)
}

// ClientCode is the code that calls the API, in both languages.
func ClientCode(copier Copier) goapp.UI {
	return goapp.Section().Class("block").Aria("labelledby", "code-heading").Body(
		goapp.H2().ID("code-heading").Text(text.CodeHeading),
		goapp.Div().Class("sides").Body(
			sample(text.JSCodeTitle, text.JSCodeDetail, snippet.Fetch, copier),
			sample(text.GoCodeTitle, text.GoCodeDetail, snippet.Client, copier),
		),
	)
}

func sample(title, detail, code string, copier Copier) goapp.UI {
	return goapp.Div().Class("sample").Body(
		goapp.H3().Text(title),
		when(detail != "", func() goapp.UI { return goapp.P().Class("quiet").Text(detail) }),
		Code(title, code, copier),
	)
}

// Answers says what the three statuses mean that a client has to tell apart, and what the page weighs.
func Answers(files []backend.File) goapp.UI {
	return goapp.Div().Class("sides").Body(
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.StatusHeading),
			goapp.Dl().Class("facts", "facts-code").Body(
				status("401", text.Status401),
				status("403", text.Status403),
				status("503", text.Status503),
			),
		),
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.SizeHeading),
			goapp.P().Class("quiet").Text(text.SizeLede),
			sizes(files),
		),
	)
}

func status(code, meaning string) goapp.UI {
	return goapp.Div().Class("fact").Body(
		goapp.Dt().Body(goapp.Code().Text(code)),
		goapp.Dd().Text(meaning),
	)
}

func sizes(files []backend.File) goapp.UI {
	if len(files) == 0 {
		return goapp.P().Class("notes-empty").Text(text.SizeUnknown)
	}
	rows := make([]goapp.UI, 0, len(files))
	for _, file := range files {
		rows = append(rows, sizeRow(file.Name, file))
	}
	return goapp.Table().Class("sizes").Body(
		goapp.THead().Body(goapp.Tr().Body(
			column(text.SizeFile), column(text.SizeRaw), column(text.SizeGzip), column(text.SizeBrotli),
		)),
		goapp.TBody().Body(rows...),
		goapp.TFoot().Body(sizeRow(text.SizeSum, backend.Sum(files))),
	)
}

func column(name string) goapp.UI { return goapp.Th().Scope("col").Text(name) }

func sizeRow(name string, file backend.File) goapp.UI {
	return goapp.Tr().Body(
		goapp.Th().Scope("row").Text(name),
		goapp.Td().Text(kilobytes(file.Size)),
		goapp.Td().Text(kilobytes(file.Gzip)),
		goapp.Td().Text(kilobytes(file.Brotli)),
	)
}

// kilobytes are thousands of bytes, with one decimal where that says something.
func kilobytes(n int) string {
	switch {
	case n == 0:
		return text.SizeSame
	case n < 10_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + text.SizeUnit
	default:
		return strconv.Itoa((n+500)/1000) + text.SizeUnit
	}
}

// Configurations are those that the BFF needs for the providers that people ask for.
func Configurations(copier Copier) goapp.UI {
	return goapp.Section().Class("block").Aria("labelledby", "config-heading").Body(
		goapp.H2().ID("config-heading").Text(text.ConfigHeading),
		goapp.P().Class("lede").Text(text.ConfigLede),
		goapp.Div().Class("sides").Body(
			sample(text.SnippetSecureAuth, "", snippet.SecureAuth, copier),
			sample(text.SnippetKeycloak, "", snippet.Keycloak, copier),
			sample(text.SnippetAuth0, "", snippet.Auth0, copier),
			sample(text.SnippetEntra, "", snippet.Entra, copier),
		),
		goapp.P().Class("quiet", "block-foot").Text(text.ConfigCheck),
	)
}

// ForDevelopers is the front page's word to those who build, and to those who show it.
func ForDevelopers(files []backend.File, copier Copier) goapp.UI {
	return goapp.Div().Class("below").Body(
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.HomeBuildHeading),
			goapp.P().Class("quiet").Text(text.HomeBuildDetail),
			Code(text.HomeBuildHeading, snippet.Call, copier),
			when(len(files) > 0, func() goapp.UI {
				return goapp.P().Class("quiet", "weight").Text(text.HomeSizeBefore + kilobytes(backend.Sum(files).Brotli) + text.HomeSizeAfter)
			}),
			goapp.P().Class("more").Body(
				goapp.A().Href(PathBuild).DataSet(RouteLink, "screen").Text(text.HomeBuildLink),
			),
		),
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.HomeShowHeading),
			goapp.P().Class("quiet").Text(text.HomeShowDetail),
			goapp.Ul().Class("ledger").Body(
				ledger("side-browser", text.BrowserKnows, text.LedgerBrowser),
				ledger("side-server", text.ServerKnows, text.LedgerServer),
			),
			goapp.P().Class("more").Body(
				goapp.A().Href(PathSession).DataSet(RouteLink, "screen").Text(text.HomeShowLink),
			),
		),
	)
}

func ledger(class, title, detail string) goapp.UI {
	return goapp.Li().Class("ledger-row", class).Body(
		goapp.Elem("strong").Text(title),
		goapp.Span().Text(detail),
	)
}
