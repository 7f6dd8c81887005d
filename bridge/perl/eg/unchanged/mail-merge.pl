#!/usr/bin/perl
# Writes to everybody in a CSV file: a text with the person's data filled in, and the invoice as an attachment.
#
#   mail-merge.pl people.csv letter.txt smtp-host:port
use strict;
use warnings;

use Encode qw(decode encode);
use MIME::Lite;

my ( $people_file, $letter_file, $smtp ) = @ARGV;
die "usage: $0 people.csv letter.txt smtp-host:port\n" if !defined $smtp;
my ( $host, $port ) = split /:/, $smtp;

# A line of CSV: fields may stand in quotes, and hold commas and quotes then.
sub fields {
    my ($line) = @_;
    my @fields;
    while ( $line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(,|\z)/g ) {
        my ( $field, $after ) = ( defined $1 ? $1 : $2, $3 );
        $field =~ s/""/"/g;
        push @fields, $field;
        last if $after eq '';
    }
    return @fields;
}

open my $letter_in, '<:encoding(UTF-8)', $letter_file or die "$letter_file: $!\n";
my $letter = do { local $/; <$letter_in> };
$letter =~ s/\ASubject: (.*)\n\n// or die "$letter_file does not begin with a subject\n";
my $subject = $1;

open my $people_in, '<:encoding(ISO-8859-1)', $people_file or die "$people_file: $!\n";
chomp( my $headings = <$people_in> );
my @columns = fields($headings);

MIME::Lite->send( 'smtp', $host, Port => $port, Timeout => 30 );

my ( $sent, $failed ) = ( 0, 0 );
binmode STDOUT, ':encoding(UTF-8)';
while ( my $line = <$people_in> ) {
    chomp $line;
    my %person;
    @person{@columns} = fields($line);
    if ( $person{email} !~ /\A[^\s@]+@[^\s@]+\z/ ) {
        print "$person{name}: no address\n";
        next;
    }
    ( my $text = $letter ) =~ s/\{(\w+)\}/exists $person{$1} ? $person{$1} : "{$1}"/ge;

    my $message = MIME::Lite->new(
        From    => 'Accounts <accounts@example.org>',
        To      => encode( 'MIME-Q', $person{name} ) . " <$person{email}>",
        Subject => encode( 'MIME-Q', "$subject $person{invoice}" ),
        Type    => 'multipart/mixed',
    );
    $message->attach( Type => 'text/plain; charset=utf-8', Encoding => 'quoted-printable', Data => encode( 'UTF-8', $text ) );
    $message->attach(
        Type        => 'text/csv',
        Encoding    => 'base64',
        Filename    => "invoice-$person{invoice}.csv",
        Disposition => 'attachment',
        Data        => encode( 'UTF-8', "invoice,name,amount\r\n$person{invoice},$person{name},$person{amount}\r\n" ),
    );
    if ( eval { $message->send; 1 } ) { $sent++; print "$person{name}: sent\n" }
    else                              { $failed++; print "$person{name}: not sent\n" }
}
print "$sent sent, $failed failed\n";
exit( $failed ? 1 : 0 );
