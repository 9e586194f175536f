-- By which way an SMS went. The last one that was sent, or may have been:
ALTER TABLE verifications ADD COLUMN sent_by TEXT CHECK (length(sent_by) BETWEEN 1 AND 40);
-- Each attempt, of which a send may have several; what is empty was there before routes, and was the first.
ALTER TABLE deliveries ADD COLUMN attempt INTEGER CHECK (attempt BETWEEN 1 AND 65535);
ALTER TABLE deliveries ADD COLUMN route TEXT CHECK (length(route) BETWEEN 1 AND 40);
-- The version of the text's template.
ALTER TABLE deliveries ADD COLUMN template INTEGER CHECK (template BETWEEN 0 AND 65535);
