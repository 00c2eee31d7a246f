const answer = await fetch("/api/notes", {
  headers: { "X-BFF-CSRF": "1" },
});
const { notes } = await answer.json();
console.table(notes);
