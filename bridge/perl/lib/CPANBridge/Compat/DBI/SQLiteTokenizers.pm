package CPANBridge::Compat::DBI::SQLiteTokenizers;

use strict;
use warnings;

use CPANBridge::Compat::DBI::SQLiteFunctions;

our $VERSION = '0.1.0';

# A handle has its tokenizers, which are subs, and the texts that are taken to pieces, by the daemon's numbers for them.
sub answer {
    my ( $dbh, @asked ) = @_;
    my $self = $dbh->{_tokenizers} ||= bless { tokenizers => {}, texts => {} }, __PACKAGE__;
    return CPANBridge::Compat::DBI::SQLiteFunctions::answer_of( $self, $dbh, @asked );
}

# Three subs, one within the other: for the table, for a text, for the next term.
sub _create {
    my ( $self, $number, $arguments ) = @_;
    my $name = $arguments->[0];
    die "tokenize=perl needs the name of a sub, as in tokenize=perl 'main::words'\n" if !defined $name || !length $name;
    $name = "main::$name" if $name !~ /::|'/;
    my $code = do {
        no strict 'refs';
        die "there is no sub $name, which tokenize=perl names\n" if !defined &$name;
        &$name();
    };
    die "the sub $name, which tokenize=perl names, should return a reference to a sub\n" if ref $code ne 'CODE';
    $self->{tokenizers}{$number} = $code;
    return 1;
}

sub _destroy { my ( $self, $number ) = @_; delete $self->{tokenizers}{$number}; return }

sub _open {
    my ( $self, $number, $text_number, $string, $most ) = @_;
    my $code = $self->{tokenizers}{$number} || die "there is no such tokenizer any more\n";
    my $bytes = $string;
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    my $next = $code->($string);
    die "a tokenizer should return a reference to a sub that returns the next term\n" if ref $next ne 'CODE';
    $self->{texts}{$text_number} = {
        next   => $next,
        string => length $bytes == length $string ? undef : $string,    # where characters and bytes are not counted alike
        at     => [ 0, 0 ],
    };
    return $self->_more( $text_number, $most );
}

sub _close { my ( $self, $number ) = @_; delete $self->{texts}{$number}; return }

# Terms, each with its start and end in the text's bytes and its position, one after the other; and whether those are all.
sub _more {
    my ( $self, $number, $most ) = @_;
    my $text = $self->{texts}{$number} || die "there is no such text any more\n";
    my $next = $text->{next};
    my @found;
    for ( 1 .. $most ) {
        my @token = $next->();
        if ( !@token ) { delete $self->{texts}{$number}; return [ \@found, 1 ] }
        die 'a tokenizer should return term, length, start, end and position, not ' . @token . " values\n" if @token != 5;
        my ( $term, $length, $start, $end, $position ) = @token;
        die "a tokenizer returned a term that is undefined\n" if !defined $term;
        ( $start, $end ) = map { _byte( $text, $_ ) } $start, $end if defined $text->{string};
        $term = substr $term, 0, $length if defined $length && $length < length $term;
        push @found, CPANBridge::Compat::DBI::SQLiteFunctions::_outgoing( "$term", $self->{unicode} ), map { defined $_ ? int : undef } $start, $end, $position;
    }
    return [ \@found, 0 ];
}

# Counts on from where it was last: terms come in order.
sub _byte {
    my ( $text, $wanted ) = @_;
    my ( $character, $byte ) = @{ $text->{at} };
    return $wanted if !defined $wanted || $wanted < 0;
    return 1 + length( $text->{string} ) * 4 if $wanted > length $text->{string};    # which the daemon says is outside
    ( $character, $byte ) = ( 0, 0 ) if $wanted < $character;
    my $between = substr $text->{string}, $character, $wanted - $character;
    utf8::encode($between);
    $text->{at} = [ $wanted, $byte += length $between ];
    return $byte;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::SQLiteTokenizers - subs that take texts to pieces for SQLite's full-text search

=head1 DESCRIPTION

Used by the replacement of L<DBD::SQLite>; programs have no need of it. A table of full-text search that was created with
C<tokenize=perl 'package::sub'> has the sub called for each text, in the program, while SQLite runs in the daemon. Terms go there
in bunches, with places that count bytes.

=head1 FUNCTIONS

=head2 answer

Answers a question of the daemon's for a handle.

=cut
