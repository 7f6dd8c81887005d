CREATE TABLE region (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE sale (id INTEGER PRIMARY KEY, region INTEGER NOT NULL REFERENCES region, day TEXT NOT NULL, item TEXT, amount NUMERIC, remark TEXT);
INSERT INTO region VALUES (1, 'Nord'), (2, 'Süd'), (3, 'Ελλάδα'), (4, 'Nowhere');
INSERT INTO sale VALUES (1, 1, '2024-01-15', 'Schraube', 120.50, NULL), (2, 1, '2024-01-20', 'Mutter', 80, '=1+1'), (3, 1, '2024-02-01', 'Schraube', 99.99, NULL);
INSERT INTO sale VALUES (4, 2, '2024-01-31', 'Nägel & Stifte', 1000, '0123'), (5, 2, '2024-02-29', 'Dübel', 0.10, 'https://example.org/d'), (6, 2, '2024-02-29', 'Dübel', 0.20, '');
INSERT INTO sale VALUES (7, 3, '2024-03-31', 'Λάδι', 1234567.89, 'line 1
line 2');
