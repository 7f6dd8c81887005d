package CPANBridge::Compat::LibXML::Daemon;

# The conversation with the daemon's module libxml: parsing and validating. What a document refers to is fetched here,
# with the program's own rights, and only if the program wants it.
use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Error;
use CPANBridge::Bytes;
use CPANBridge::Compat::LibXML::Input;
use CPANBridge::Compat::Link;
use Scalar::Util ();
use XML::LibXML::Error ();

our $VERSION = '0.1.0';

# Rounds of asking for what is needed: what is fetched may refer to more.
my $MAX_ROUNDS = 50;

sub _call {
    my ( $function, $params ) = @_;
    my ( $answer, $problem );
    {
        local ( $@, $SIG{__DIE__} );
        $problem = $@ if !eval { $answer = CPANBridge::Compat::Link->get->call( libxml => $function => $params ); 1 };
    }
    return $answer if !defined $problem;
    die $problem if !Scalar::Util::blessed($problem) || !$problem->isa('CPANBridge::Error');

    # In the original's manner: 8 is the domain of input and output.
    my $text = $problem->exception && $problem->exception eq 'LookupError' ? $problem->message : "CPANBridge: $problem";
    $text =~ s/\n*\z/\n/;
    die XML::LibXML::Error->_made( domain => 8, code => 1500, level => 3, message => $text, exception => $problem );
}

# Calls until nothing is needed any more. The input says what it gives of that.
sub _asked {
    my ( $function, $params, $input ) = @_;
    my %given;
    for ( 1 .. $MAX_ROUNDS ) {
        my $answer = _call( $function => { %$params, %given ? ( resources => \%given ) : () } );
        my $need = $answer->{need} or return _with_octets($answer);
        for my $wanted (@$need) {
            my ( $url, $public ) = @$wanted;
            my $content = $input ? $input->resource( $url, $public ) : undef;
            $given{$url} = defined $content ? CPANBridge::Bytes->new($content) : undef;
        }
    }
    Carp::croak("CPANBridge: the document refers to documents that refer to others, more than $MAX_ROUNDS deep");
}

sub parse {
    my ( $bytes, $options, $input, $dtd ) = @_;
    return _asked(
        parse => {
            data    => CPANBridge::Bytes->new($bytes),
            options => $options,
            defined $dtd ? ( dtd => CPANBridge::Bytes->new($dtd) ) : (),
        },
        $input
    );
}

sub parse_html {
    my ( $bytes, $options ) = @_;
    return _with_octets( _call( parse_html => { data => CPANBridge::Bytes->new($bytes), options => $options } ) );
}

# Bytes come as plain strings, or in JSON as objects.
sub _with_octets {
    my ($answer) = @_;
    $answer->{text} = "$answer->{text}" if ref $answer->{text};
    return $answer;
}

sub validate {
    my ( $kind, $schema, $bytes, $url, $input ) = @_;
    return _asked(
        validate => {
            kind   => $kind,
            schema => CPANBridge::Bytes->new($schema),
            defined $bytes ? ( data => CPANBridge::Bytes->new($bytes) ) : (),
            defined $url   ? ( url  => $url )                           : (),
        },
        $input
    );
}

# libxml2's problems as a chain of errors, the last one first in hand; those that are only warnings are left out.
sub error_of {
    my ( $problems, %about ) = @_;
    my $chain;
    my @lines;
    for my $problem (@$problems) {
        my ( $domain, $code, $level, $line, $column, $message, $file ) = @$problem;
        next if $level < 2 && !$about{warnings};

        # What newer libxml2 says of bytes that are no text, in the words that programs know.
        if ( $domain == 8 && $code == 81 ) {
            ( $domain, $code, $message ) = ( 1, 9, 'Input is not proper UTF-8, indicate encoding !' );
        }
        $file = $about{file} if !defined $file && exists $about{file};
        my $context;
        if ( defined $about{source} && $line && !$about{no_context} ) {
            @lines = split /\n/, $about{source}, -1 if !@lines;
            $context = $lines[ $line - 1 ];
        }
        my $shown = $column ? $column - 1 : 0;
        if ( defined $context ) {
            $context =~ s/\r\z//;
            utf8::decode($context);
            if ( length $context > 80 ) {
                my $from = $shown > 40 ? $shown - 40 : 0;
                $context = substr $context, $from, 80;
                $shown -= $from;
            }
        }
        $chain = XML::LibXML::Error->_made(
            domain => $domain, code => $code, level => $level, line => $line, message => "$message\n",
            file => $file, num2 => $column, column => $column ? $column - 1 : 0,
            defined $context ? ( context => $context, caret => $shown ) : (),
            _prev => $chain,
        );
    }
    return $chain;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Daemon - has the daemon parse and validate XML

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it. Where the daemon is not there or says no, all functions die with
an L<XML::LibXML::Error>, which holds the L<CPANBridge::Error> as C<exception>. An input is a
L<CPANBridge::Compat::LibXML::Input>; without one a document gets nothing of what it refers to.

=head1 FUNCTIONS

=head2 parse

    my $answer = parse( $bytes, \%options, $input, $dtd );

=head2 parse_html

    my $answer = parse_html( $bytes, \%options );

=head2 validate

    my $answer = validate( $kind, $schema, $bytes, $url, $input );

=head2 error_of

    my $error = error_of( $answer->{problems}, source => $bytes, file => $name );

A chain of L<XML::LibXML::Error> objects, or undef where there is nothing to complain about.

=cut
