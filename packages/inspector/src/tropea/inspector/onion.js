"use strict";
const list = document.getElementById("requests"), base = document.body.dataset.base;
if (list) {
  let last = Number(list.dataset.last), told = document.getElementById("live");
  const cell = (row, text, kind) => { const td = row.insertCell(); td.textContent = text; if (kind) td.className = kind; return td };
  const kindOf = status => status < "3" ? "good" : status < "4" ? "move" : "bad";
  const show = request => {
    const row = list.insertRow(0);
    row.className = "new";
    const link = document.createElement("a");
    link.href = `${base}requests/${request.id}`;
    link.textContent = request.id;
    cell(row, "").append(link);
    cell(row, request.method);
    cell(row, request.path + (request.query ? "?" + request.query : ""));
    cell(row, request.status || request.error, kindOf(request.status));
    cell(row, request.why.join("; "), "wide faint");
    cell(row, request.milliseconds.toFixed(2), "number");
    while (list.rows.length > 100) list.deleteRow(-1);
  };
  const poll = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(`${base}data/requests?after=${last}`);
      if (!answer.ok) throw new Error(answer.status);
      const found = (await answer.json()).requests.reverse();
      if (found.length) for (const row of list.rows) row.className = "";
      for (const request of found) { show(request); last = Math.max(last, request.id) }
      told.textContent = "live";
    } catch { told.textContent = "the application does not answer" }
  };
  setInterval(poll, 1000);
  poll();
}
