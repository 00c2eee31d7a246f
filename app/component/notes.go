package component

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/state"
	"cloakroom/app/text"
)

// noteLimit is how many characters fit into the field; the API has the last word.
const noteLimit = 500

// NoteHandlers are what the user can do with notes.
type NoteHandlers struct {
	Add    goapp.EventHandler
	Delete func(id string) goapp.EventHandler
	Retry  goapp.EventHandler
	Clear  ClearHandlers
}

// Notes is the card with the list and the form to add one.
func Notes(home *state.Home, handlers NoteHandlers) goapp.UI {
	return goapp.Section().ID(IDNotes).Class("card").Aria("labelledby", "notes-heading").Body(
		goapp.H2().ID("notes-heading").Text(text.Say.NotesHeading),
		goapp.P().Class("quiet").Text(text.Say.NotesLede),
		noteForm(home.Adding, handlers.Add),
		noteList(home, handlers),
		clearNotes(home, handlers.Clear),
	)
}

func noteForm(adding bool, add goapp.EventHandler) goapp.UI {
	label := text.Say.AddNote
	if adding {
		label = text.Say.AddingNote
	}
	return goapp.Form().Class("note-form").OnSubmit(add).Body(
		goapp.Label().For(IDNoteText).Text(text.Say.NewNote),
		goapp.Div().Class("note-fields").Body(
			// No Value here: what is typed belongs to the field until it is stored.
			goapp.Input().ID(IDNoteText).Class("field").Type("text").Name("text").Dir("auto").MaxLength(noteLimit).AutoComplete(false),
			goapp.Button().ID(IDNoteAdd).Class("button").Type("submit").Text(label),
		),
	)
}

func noteList(home *state.Home, handlers NoteHandlers) goapp.UI {
	switch {
	case home.NotesPhase == state.NotesLoading:
		return goapp.P().Class("notes-empty").Text(text.Say.NotesLoading)
	case home.NotesPhase == state.NotesFailed:
		return goapp.Button().Class("button", "button-quiet", "notes-retry").Type("button").
			OnClick(handlers.Retry).Text(text.Say.TryAgain)
	case len(home.Notes) == 0:
		return goapp.P().Class("notes-empty").Text(text.Say.NotesEmpty)
	}
	rows := make([]goapp.UI, len(home.Notes))
	for i, note := range home.Notes {
		rows[i] = noteRow(note, note.ID == home.Deleting, handlers.Delete(note.ID))
	}
	return goapp.Ul().Class("note-list").Body(rows...)
}

func noteRow(note backend.Note, deleting bool, remove goapp.EventHandler) goapp.UI {
	class, label := "note", text.Say.Delete
	if deleting {
		class, label = "note note-leaving", text.Say.DeletingNote
	}
	created := note.CreatedAt.Local()
	return goapp.Li().Class(class).Body(
		goapp.Div().Class("note-body").Body(
			goapp.P().Class("note-text").Dir("auto").Text(note.Text), // it may be in any script
			goapp.Time().Class("note-time").DateTime(created.Format(time.RFC3339)).Text(created.Format(text.Say.TimeLayout)),
		),
		goapp.Button().Class("note-delete").Type("button").Aria("label", text.Say.DeleteNote+note.Text).
			// Rows move up when one above them goes: the scope ties the handler to its note.
			OnClick(remove, goapp.EventScope(note.ID)).Text(label),
	)
}
