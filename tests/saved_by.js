// Opens a workbook, types into cells, and saves it, as a program of its own would: node saved_by.js PROGRAM FROM TO
// EDITS, where PROGRAM is xlsx (SheetJS) or exceljs, found by NODE_PATH, and EDITS is JSON: [[sheet, address, value], …].
const [program, source, target, edits] = process.argv.slice(2);

async function main() {
  const library = require(program);
  if (program === "xlsx") {
    const book = library.readFile(source, { cellStyles: true });
    for (const [sheet, address, v] of JSON.parse(edits)) {
      book.Sheets[sheet][address] = { t: typeof v === "number" ? "n" : "s", v };
    }
    library.writeFile(book, target, { compression: true });
  } else {
    const book = new library.Workbook();
    await book.xlsx.readFile(source);
    for (const [sheet, address, value] of JSON.parse(edits)) book.getWorksheet(sheet).getCell(address).value = value;
    await book.xlsx.writeFile(target);
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
