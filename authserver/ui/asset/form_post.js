// Sends the form of the page that hands an answer to an application. Without script, its button does the same.
document.getElementById("answer").submit();
