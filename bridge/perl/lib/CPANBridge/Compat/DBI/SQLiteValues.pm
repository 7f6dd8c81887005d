package CPANBridge::Compat::DBI::SQLiteValues;

use strict;
use warnings;

use B ();

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::Values;

our $VERSION = '0.1.0';

# How Perl's strings and SQLite's texts become each other, by the numbers of sqlite_string_mode:
# 0 (pv): the bytes that Perl keeps the string in; 1 (bytes): characters below 256 are bytes; from 4 on: characters,
# 4 and 5: what is no UTF-8 stays bytes, 6: what is no UTF-8 is an error.
my ( $PV, $BYTES, $UNICODE, $STRICT ) = ( 0, 1, 4, 6 );

# Types of DBI whose values are bound as numbers, and as bytes.
my %INTEGER = map { $_ => 1 } 4, 5, -5, -6, -7;
my %NUMBER  = map { $_ => 1 } 2, 3, 6, 7, 8;
my %BLOB    = map { $_ => 1 } 30, -2, -3, -4;
my %TEXT    = map { $_ => 1 } 1, 12, -1, -8, -9, -10, 40;

sub mode_of {
    my ($attributes) = @_;
    my $mode = $attributes->{sqlite_string_mode};
    return $mode if defined $mode;
    for my $name ( 'sqlite_unicode', 'unicode' ) { return $attributes->{$name} ? $UNICODE : $PV if defined $attributes->{$name} }
    return $PV;
}

sub wire_mode { my ($mode) = @_; return $mode < $UNICODE ? 'bytes' : $mode == $STRICT ? 'str' : 'lenient' }

sub is_blob { return $BLOB{ $_[0] } || $_[0] == -7 }

sub is_unicode { return $_[0] >= $UNICODE }

# A text as the wire has it: characters, those that the bytes spell where the mode is one of bytes.
sub characters {
    my ( $text, $mode ) = @_;
    if ( $mode < $UNICODE && !utf8::is_utf8($text) ) { utf8::decode($text) }
    return $text;
}

# A statement as the wire has it: strings in it that spell no characters, as those of Latin-1, are written by their bytes.
sub statement {
    my ( $sql, $mode ) = @_;
    return '' if !defined $sql;
    return $sql if $mode >= $UNICODE || $sql !~ /[^\x00-\x7f]/;
    if ( utf8::is_utf8($sql) ) {
        return $sql if $mode == $PV || !utf8::downgrade( $sql, 1 );
    }
    return $sql if utf8::decode($sql);
    $sql =~ s{('(?:[^']|'')*')|("(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/)}{ defined $2 ? $2 : _literal($1) }ges;
    utf8::decode($sql);
    return $sql;
}

sub _literal {
    my ($literal) = @_;
    my $copy = $literal;
    return $literal if $literal !~ /[^\x00-\x7f]/ || utf8::decode($copy);
    my $bytes = substr $literal, 1, -1;
    $bytes =~ s/''/'/g;
    return "CAST(X'" . unpack( 'H*', $bytes ) . "' AS TEXT)";
}

# Returns what is sent for a defined value, and whether it is bytes that SQLite shall take for text.
sub encode {
    my ( $dbh, $value, $type ) = @_;
    if ( !$type && !$dbh->{sqlite_see_if_its_a_number} ) {
        my $text = "$value";
        return $text if !( $text =~ tr/\x00-\x7f//c );    # what is sent most often
    }
    if ( $type && $BLOB{$type} ) {
        my $bytes = "$value";
        utf8::encode($bytes) if !utf8::downgrade( $bytes, 1 );
        return CPANBridge::Bytes->new($bytes);
    }
    if ( $type ? $INTEGER{$type} || $NUMBER{$type} : $dbh->{sqlite_see_if_its_a_number} ) {
        my $number = _number($value);
        return $number if defined $number;
    }
    my $text = "$value";
    return $text if $dbh->{_mode} >= $UNICODE || $text !~ /[^\x00-\x7f]/;
    if ( utf8::is_utf8($text) ) {
        return $text if $dbh->{_mode} == $PV;
        utf8::downgrade( $text, 1 ) or die "Wide character in a value, which sqlite_string_mode says is bytes\n";
    }
    my $bytes = $text;
    return $text if utf8::decode($text);
    return ( CPANBridge::Bytes->new($bytes), 1 );
}

# A whole number that SQLite can hold, or one with a fraction; undef for everything else.
sub _number {
    my ($text) = @_;
    if ( $text =~ /\A[-+]?(?:0|[1-9][0-9]*)\z/ ) {
        return 0 + $text if length $text < 18;
        use integer;
        my $number = 0 + $text;
        return $number if "$number" eq ( $text =~ /\A\+?(.*)/ )[0];
        return;
    }
    return if $text !~ /\A[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\z/;
    my $number = $text * 1.0;
    return abs $number == 9**9**9 ? undef : $number;
}

# What a sub returned, where Perl has it as a number.
sub as_number {
    my ($value) = @_;
    return B::svref_2object( \$value )->FLAGS & B::SVf_POK() ? undef : $value;
}

# What bind_col does to values of a column that the program says is of a type; nothing for most types.
sub converter {
    my ( $dbh, $type, $column ) = @_;
    if ( $BLOB{$type} ) {
        return sub { utf8::encode( $_[0][$column] ) if defined $_[0][$column] && utf8::is_utf8( $_[0][$column] ) };
    }
    if ( $INTEGER{$type} || $NUMBER{$type} ) {
        return sub {
            my $number = defined $_[0][$column] ? _number( $_[0][$column] ) : undef;
            $_[0][$column] = $number if defined $number;
        };
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::SQLiteValues - between Perl's scalars and SQLite's values

=head1 DESCRIPTION

Used by the replacement of L<DBD::SQLite>; programs have no need of it. A string of Perl does not say whether it is text or
bytes: C<sqlite_string_mode> (or C<sqlite_unicode>) does, and the types given to C<bind_param>.

=head1 FUNCTIONS

=head2 mode_of

Returns the mode that attributes ask for.

=head2 wire_mode

Returns how the daemon is to send texts in a mode.

=head2 is_blob

Whether a type is one of bytes.

=head2 is_unicode

Whether texts are characters in a mode.

=head2 characters

Returns a text as it is sent.

=head2 statement

Does the same for a statement, and keeps strings in it that are no UTF-8.

=head2 encode

Returns what is sent for a value, and whether it is bytes that mean text.

=head2 as_number

Returns a value that Perl keeps as a number; undef for a string, whatever it looks like.

=head2 converter

Returns what makes the values of a column those of a type.

=cut
